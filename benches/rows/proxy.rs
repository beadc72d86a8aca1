//! Requests through nginx that are asked about first, beside requests through the same nginx to the same server that are not.

use std::{net::SocketAddr, path::Path};

use tokio::{net::TcpListener, process::Command};

use crate::{
    context::{Bench, Result},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::Series,
    outside::wrk,
    progress,
    server::Server,
    table::{Row, Table},
};

const PROGRAM: &str = "/usr/sbin/nginx";
/// An endpoint of the catalogue.
const PATH: &str = "/api/coiotedm/v3/devices";
/// What the server behind the proxy answers.
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[\"urn:dev:1\",\"urn:dev:2\"]";

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    if !Path::new(PROGRAM).exists() {
        return Err("nginx is missing: apt-get install nginx".into());
    }
    let server = Server::muniment(bench, &bench.database_of_people("bench_proxy").await?).await?;
    let token = server.log_in().await?;
    let file = bench.folder.join("devices.http");
    std::fs::write(&file, ANSWER)?;
    let app = Server::bare(bench, "devices", &file).await?;
    let ports = [free_address().await?, free_address().await?];
    let nginx = start(bench, &server, &app, ports).await?;
    let mut refused = Connection::open(ports[0]).await?;
    refused.expect(401, ("GET", PATH), "", "").await?;

    let (mut asked, mut alone) = (Series::default(), Series::default());
    for round in 0..=bench.options.rounds {
        for (port, series) in ports.iter().zip([&mut asked, &mut alone]) {
            let cpu = Cpu::of(&[
                ("server", server.processes()),
                ("nginx", nginx.processes()),
                ("app", app.processes()),
                ("wrk", Processes::Own),
            ]);
            let seconds = if round == 0 { 1 } else { bench.options.seconds };
            let rate = wrk(bench, &format!("http://{port}{PATH}"), &token, seconds, &cpu).await?;
            // The first round is a warm-up.
            if round > 0 {
                series.add(rate);
            }
        }
        progress(&format!("  round {round}"));
    }
    for process in [nginx, app, server] {
        process.stop().await?;
    }
    table.add(
        Row::rate(
            "requests through nginx that are asked about, 64 connections",
            "requests/s",
            &asked,
        )
        .beside("the same nginx without auth_request", &alone)
        .goal(0.6),
    );
    Ok(())
}

/// The configuration in the docs.
fn recipe() -> Result<&'static str> {
    let docs = include_str!("../../docs/proxies.md");
    let (_, after) = docs
        .split_once("<!-- nginx -->\n```nginx\n")
        .ok_or("the docs have no recipe")?;
    Ok(after.split_once("```").ok_or("the recipe does not end")?.0)
}

/// Starts an nginx that asks about what comes to the first address, and not about what comes to the second.
async fn start(
    bench: &Bench,
    server: &Server,
    app: &Server,
    [asks, passes]: [SocketAddr; 2],
) -> Result<Server> {
    let folder = bench.folder.join("nginx");
    std::fs::create_dir_all(&folder)?;
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary
        .map(|name| format!("{name}_temp_path {name};"))
        .join(" ");
    let (muniment, upstream) = (server.address(), app.address());
    let config = format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr error;\nevents {{ }}\n\
         http {{\naccess_log off;\n{temporary}\n\
         upstream muniment {{ server {muniment}; keepalive 64; }}\nupstream app {{ server {upstream}; keepalive 64; }}\n\
         server {{\nlisten {asks};\n{}\n}}\n\
         server {{\nlisten {passes};\nlocation / {{ proxy_http_version 1.1; proxy_set_header Connection \"\"; \
         proxy_set_header Host $host; proxy_pass http://app; }}\n}}\n}}\n",
        recipe()?
    );
    std::fs::write(folder.join("nginx.conf"), config)?;
    let mut command = Command::new(PROGRAM);
    command
        .arg("-p")
        .arg(&folder)
        .args(["-e", "stderr", "-c", "nginx.conf"])
        .stderr(std::fs::File::create(bench.folder.join("nginx.log"))?);
    Server::start_at(command, asks).await
}

async fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}
