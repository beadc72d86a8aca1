//! Cerbos with rules for the same roles. It keeps no users: each request names the roles, as in production.

use std::{fmt::Write, fs::File, net::SocketAddr, path::Path};

use tokio::{net::TcpListener, process::Command};

use super::{
    memory::{GRANTS, role_of},
    plain::{Plain, Question},
};
use crate::{
    context::{Bench, Result},
    server::Server,
};

/// The path of its questions.
pub(crate) const PATH: &str = "/api/check/resources";

/// Starts Cerbos, if it is installed.
pub(crate) async fn start(bench: &Bench, plain: &Plain) -> Result<Option<Server>> {
    let Some(program) = std::env::var_os("BENCH_CERBOS") else {
        return Ok(None);
    };
    let folder = bench.folder.join("cerbos");
    std::fs::create_dir_all(folder.join("policies"))?;
    std::fs::write(folder.join("policies/topic.yaml"), policy(plain)?)?;
    let (http, grpc) = (free_address().await?, free_address().await?);
    std::fs::write(folder.join("config.yaml"), settings(&folder, http, grpc))?;
    let mut command = Command::new(program);
    command
        .arg("server")
        .arg("--log-level=error")
        .arg(format!("--config={}", folder.join("config.yaml").display()))
        .env("CERBOS_NO_TELEMETRY", "1")
        .current_dir(&folder)
        .stderr(File::create(bench.folder.join("cerbos.log"))?);
    Ok(Some(Server::start_at(command, http).await?))
}

/// The body of a request.
pub(crate) fn body(question: &Question) -> String {
    let roles: Vec<String> = (0..GRANTS)
        .map(|at| format!(r#""role_{}""#, role_of(question.number, at)))
        .collect();
    format!(
        r#"{{"requestId":"1","principal":{{"id":"{}","roles":[{}]}},"resources":[{{"actions":["read"],"resource":{{"kind":"topic","id":"{}"}}}}]}}"#,
        question.user,
        roles.join(","),
        question.topic
    )
}

/// The default settings, but without connections to other machines and without watching files.
fn settings(folder: &Path, http: SocketAddr, grpc: SocketAddr) -> String {
    format!(
        "server: {{httpListenAddr: \"{http}\", grpcListenAddr: \"{grpc}\"}}\n\
         storage: {{driver: disk, disk: {{directory: \"{}\", watchForChanges: false}}}}\n\
         telemetry: {{disabled: true}}\n",
        folder.join("policies").display()
    )
}

/// A rule per role, with an expression per pattern.
fn policy(plain: &Plain) -> Result<String> {
    let mut text =
        "apiVersion: api.cerbos.dev/v1\nresourcePolicy:\n  version: default\n  resource: topic\n  rules:\n"
            .to_owned();
    for (number, patterns) in plain.roles().enumerate() {
        write!(
            text,
            "    - actions: [read]\n      effect: EFFECT_ALLOW\n      roles: [role_{number}]\n      \
             condition:\n        match:\n          any:\n            of:\n"
        )?;
        for pattern in patterns {
            writeln!(text, "              - expr: '{}'", expression(pattern))?;
        }
    }
    Ok(text)
}

/// Whether the resource's id matches a pattern.
fn expression(pattern: &str) -> String {
    match pattern.strip_suffix("/#") {
        Some(parent) => format!(r#"R.id.startsWith("{parent}/") || R.id == "{parent}""#),
        None if pattern.contains('+') => format!(r#"R.id.matches("^{}$")"#, pattern.replace('+', "[^/]*")),
        None => format!(r#"R.id == "{pattern}""#),
    }
}

async fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0").await?.local_addr()?)
}
