//! Programs of others: runs a program to its end, and runs wrk.

use tokio::process::Command;

use crate::{
    context::{Bench, Result},
    cpu::Cpu,
    measure::Rate,
};

/// Runs a program and returns its output. If the program fails, the error contains its error messages.
pub(crate) async fn output(mut command: Command) -> Result<String> {
    let program = format!("{:?}", command.as_std().get_program());
    let output = command
        .output()
        .await
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} ended with {}: {complaint}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Sends GET requests by wrk: 2 threads, 64 connections. An answer that is not a success is an error.
pub(crate) async fn wrk(bench: &Bench, url: &str, token: &str, seconds: u64, cpu: &Cpu) -> Result<Rate> {
    wrk_with(bench, url, Credential::Bearer(token), seconds, cpu).await
}

/// What the requests show.
#[derive(Clone, Copy)]
pub(crate) enum Credential<'a> {
    /// A token.
    Bearer(&'a str),
    /// An API key.
    ApiKey(&'a str),
}

/// The same with any credential.
pub(crate) async fn wrk_with(
    bench: &Bench,
    url: &str,
    credential: Credential<'_>,
    seconds: u64,
    cpu: &Cpu,
) -> Result<Rate> {
    let header = match credential {
        Credential::Bearer(token) => format!("Authorization: Bearer {token}"),
        Credential::ApiKey(key) => format!("X-API-KEY: {key}"),
    };
    let mut wrk = Command::new("wrk");
    wrk.args(["-t2", "-c64", &format!("-d{seconds}s"), "-H"])
        .arg(header)
        .arg(url)
        .current_dir(&bench.folder)
        .kill_on_drop(true);
    let before = cpu.read()?;
    let text = output(wrk).await?;
    let after = cpu.read()?;
    if let Some(bad) = text
        .lines()
        .find(|line| line.contains("Non-2xx") || line.contains("Socket errors"))
    {
        return Err(format!("wrk: {}", bad.trim()).into());
    }
    let figure = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    Ok(Rate {
        per_second: figure.ok_or("wrk did not say Requests/sec")?.trim().parse()?,
        all: 0,
        shares: cpu.shares(&before, &after),
        latency: (f64::NAN, f64::NAN),
    })
}
