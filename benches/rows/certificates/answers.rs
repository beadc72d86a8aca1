//! OCSP answers: each signed for its request, beside the responder of openssl; and used again, beside an axum handler that does nothing.

use std::{
    net::{SocketAddr, TcpListener},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::process::Command;

use super::{CONNECTIONS, Certificate, SETTINGS};
use crate::{
    context::{Bench, Result},
    cpu::{Cpu, Processes},
    http::Connection,
    measure::{Rate, Series, rate},
    outside::{output, wrk},
    progress,
    rows::session::same_headers,
    server::Server,
    table::{Row, Table},
};

/// About how many certificates the requests ask.
const CERTIFICATES: usize = 64;
/// How many clients openssl has: it answers one after the other.
const CLIENTS_OF_OPENSSL: usize = 2;
/// The serial number of the certificate that openssl knows.
const KNOWN: &str = "1000";

/// Measures answers that are signed for their request.
pub(super) async fn signed(
    bench: &Bench,
    table: &mut Table,
    server: &Server,
    issued: &[Certificate],
) -> Result<()> {
    let paths = paths(bench, server, issued).await?;
    let responder = Responder::start(bench).await?;
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        ours.add(ask(bench, server, &paths).await?);
        theirs.add(responder.ask(bench).await?);
    }
    table.add(
        Row::rate(
            format!("OCSP answers, each signed, {CONNECTIONS} connections"),
            "answers/s",
            &ours,
        )
        .beside("openssl ocsp, P-256", &theirs)
        .goal(10.0)
        .note(format!("p50, p99: {}", ours.latency()))
        .note("openssl closes the connection after each answer"),
    );
    Ok(())
}

/// Measures answers that are used again.
pub(super) async fn reused(
    bench: &Bench,
    table: &mut Table,
    database: &str,
    issued: &[Certificate],
) -> Result<()> {
    let mut settings = SETTINGS.to_vec();
    settings.push(("MUNIMENT_OCSP_MAX_AGE", "3600"));
    let server = Server::muniment_with(bench, database, &settings).await?;
    let path = paths(bench, &server, issued).await?.swap_remove(0);
    let file = bench.folder.join("ocsp.http");
    // The first answer is signed, the second one is used again.
    answer_of(&server, &path).await?;
    std::fs::write(&file, answer_of(&server, &path).await?)?;
    let bare = Server::bare(bench, "asking", &file).await?;
    same_headers(&answer_of(&server, &path).await?, &answer_of(&bare, &path).await?)?;
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for round in 0..=bench.options.rounds {
        for (process, series) in [(&server, &mut ours), (&bare, &mut theirs)] {
            let url = format!("http://{}{path}", process.address());
            let cpu = Cpu::of(&[("server", process.processes()), ("wrk", Processes::Own)]);
            let seconds = if round == 0 { 1 } else { bench.options.seconds };
            let rate = wrk(bench, &url, "none", seconds, &cpu).await?;
            // The first round is a warm-up.
            if round > 0 {
                series.add(rate);
            }
        }
        progress(&format!("  round {round}"));
    }
    bare.stop().await?;
    server.stop().await?;
    table.add(
        Row::rate("OCSP answers, used again, 64 connections", "answers/s", &ours)
            .beside("bare axum handler, same answer", &theirs)
            .goal(0.7),
    );
    Ok(())
}

/// The paths of requests about some certificates of the server.
async fn paths(bench: &Bench, server: &Server, issued: &[Certificate]) -> Result<Vec<String>> {
    let mut connection = Connection::open(server.address()).await?;
    let authority = connection.expect(200, ("GET", "/pki/ca.pem"), "", "").await?;
    std::fs::write(bench.folder.join("authority.pem"), authority.body)?;
    let mut paths = Vec::new();
    // The oldest ones are revoked meanwhile.
    for certificate in issued.iter().rev().take(CERTIFICATES) {
        let request = request(bench, "authority.pem", &certificate.serial).await?;
        paths.push(format!("/pki/ocsp/{request}"));
    }
    match paths.is_empty() {
        true => Err("the server has issued no certificate".into()),
        false => Ok(paths),
    }
}

/// A request without a nonce, as it is written in a path.
async fn request(bench: &Bench, issuer: &str, serial: &str) -> Result<String> {
    let file = bench.folder.join("request.der");
    let line = format!("ocsp -issuer {issuer} -serial 0x{serial} -no_nonce -reqout request.der");
    output(openssl(bench, &line)).await?;
    let base64 = STANDARD.encode(std::fs::read(file)?);
    Ok(base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))
}

fn openssl(bench: &Bench, line: &str) -> Command {
    let mut command = Command::new("openssl");
    command.args(line.split_whitespace()).current_dir(&bench.folder);
    command
}

/// The answer, byte by byte as it is on the wire.
async fn answer_of(server: &Server, path: &str) -> Result<Vec<u8>> {
    let mut connection = Connection::open(server.address()).await?;
    let answer = connection.expect(200, ("GET", path), "", "").await?;
    Ok([answer.head, answer.body].concat())
}

async fn ask(bench: &Bench, server: &Server, paths: &[String]) -> Result<Rate> {
    let cpu = Cpu::of(&[
        ("server", server.processes()),
        ("postgres", Processes::Tree(bench.cluster.process)),
        ("load", Processes::Own),
    ]);
    let (paths, next) = (Arc::new(paths.to_vec()), Arc::new(AtomicUsize::new(0)));
    let address = server.address();
    rate(CONNECTIONS, bench.options.window(), &cpu, |_, run| {
        let (paths, next) = (Arc::clone(&paths), Arc::clone(&next));
        async move {
            let mut connection = Connection::open(address).await?;
            while run.goes_on() {
                let path = &paths[next.fetch_add(1, Ordering::Relaxed) % paths.len()];
                let began = std::time::Instant::now();
                connection.expect(200, ("GET", path), "", "").await?;
                run.count_since(began);
            }
            Ok(())
        }
    })
    .await
}

/// The responder of openssl, with an authority of its own. Dropping the value ends it.
struct Responder {
    _process: tokio::process::Child,
    address: SocketAddr,
    path: Arc<str>,
}

impl Responder {
    async fn start(bench: &Bench) -> Result<Self> {
        let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=bench -days 9 \
                    -keyout responder.key -out responder.pem";
        output(openssl(bench, make)).await?;
        let known = format!("V\t301231235959Z\t\t{KNOWN}\tunknown\t/CN=device\n");
        std::fs::write(bench.folder.join("index.txt"), known)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let line = format!(
            "ocsp -port {} -index index.txt -CA responder.pem -rkey responder.key -rsigner responder.pem",
            address.port()
        );
        let process = openssl(bench, &line)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let path = format!("/{}", request(bench, "responder.pem", KNOWN).await?);
        for _ in 0..100 {
            // openssl would wait for ever for a request on a connection that has none.
            if let Ok(mut connection) = Connection::open(address).await {
                connection.expect(200, ("GET", &path), "", "").await?;
                let (path, _process) = (path.into(), process);
                return Ok(Self {
                    _process,
                    address,
                    path,
                });
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        Err("openssl ocsp does not listen".into())
    }

    async fn ask(&self, bench: &Bench) -> Result<Rate> {
        let cpu = Cpu::of(&[("load", Processes::Own)]);
        rate(CLIENTS_OF_OPENSSL, bench.options.window(), &cpu, |_, run| {
            let (address, path) = (self.address, Arc::clone(&self.path));
            async move {
                while run.goes_on() {
                    let mut connection = Connection::open(address).await?;
                    connection.expect(200, ("GET", &path), "", "").await?;
                    run.count();
                }
                Ok(())
            }
        })
        .await
    }
}
