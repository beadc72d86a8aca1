//! `GET /api/session` with a token, by wrk, beside an axum handler in a process of its own that answers with the same
//! headers and bytes, and does nothing else.

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

const PATH: &str = "/api/session";

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = Server::muniment(bench, &bench.database_of_people("bench_session").await?).await?;
    let token = server.log_in().await?;
    let file = bench.folder.join("session.http");
    std::fs::write(&file, answer_of(&server, &token).await?)?;
    let bare = Server::bare(bench, "session", &file).await?;
    same_headers(
        &answer_of(&server, &token).await?,
        &answer_of(&bare, &token).await?,
    )?;

    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for round in 0..=bench.options.rounds {
        for (process, series) in [(&server, &mut ours), (&bare, &mut theirs)] {
            let url = format!("http://{}{PATH}", process.address());
            let cpu = Cpu::of(&[("server", process.processes()), ("wrk", Processes::Own)]);
            let seconds = if round == 0 { 1 } else { bench.options.seconds };
            let rate = wrk(bench, &url, &token, seconds, &cpu).await?;
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
        Row::rate("GET /api/session, 64 connections", "requests/s", &ours)
            .beside("bare axum handler, same answer", &theirs)
            .goal(0.8),
    );
    Ok(())
}

/// The answer, byte by byte as it is on the wire.
async fn answer_of(server: &Server, token: &str) -> Result<Vec<u8>> {
    let mut connection = Connection::open(server.address()).await?;
    let answer = connection.expect(200, ("GET", PATH), token, "").await?;
    Ok([answer.head, answer.body].concat())
}

/// Fails unless both answers have the same headers in any order, and the same body. Only the time may differ.
pub(super) fn same_headers(ours: &[u8], theirs: &[u8]) -> Result<()> {
    let lines = |answer: &[u8]| {
        let text = String::from_utf8_lossy(answer).to_lowercase();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.retain(|line| !line.starts_with("date:"));
        lines.sort_unstable();
        lines
    };
    if lines(ours) == lines(theirs) {
        Ok(())
    } else {
        Err("the bare handler's answer differs from the server's".into())
    }
}
