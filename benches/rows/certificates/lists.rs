//! A revocation list of a million entries, and revocations while it grows.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use super::{Ask, CONNECTIONS, Certificate, DATABASE, devices, send_all};
use crate::{
    context::{Bench, Result},
    http::Connection,
    measure::Series,
    progress,
    server::Server,
    table::{Row, Table},
};

/// How many entries the list has. A quick run has fewer, as it has fewer users.
const ENTRIES: u64 = 1_000_000;
/// The goal: seconds that the list may take.
const LIMIT: f64 = 2.0;
/// The goal: revocations per second.
const AT_LEAST: f64 = 1_000.0;
/// How often somebody asks for the whole list while certificates are revoked.
const ASKED_EVERY: Duration = Duration::from_secs(1);
const LIST: &str = "/pki/ca.crl";

/// Measures the rows.
pub(super) async fn measure(
    bench: &Bench,
    table: &mut Table,
    (server, token): (&Server, &str),
    issued: &[Certificate],
) -> Result<()> {
    let (entries, address) = (ENTRIES.min(bench.options.users * 20), server.address());
    progress(&format!("  making {entries} revoked certificates"));
    make(bench, entries).await?;
    let (mut first, mut again, mut limit) = (Series::default(), Series::default(), Series::default());
    first.push(seconds(address, entries).await?);
    let count = devices(bench) as usize;
    let (mut rest, mut revoked) = (issued, Series::default());
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        let (one, others) = rest.split_first().ok_or("there are too few certificates")?;
        send_all(address, token, vec![revocation(one)]).await?;
        again.push(seconds(address, entries).await?);
        limit.push(LIMIT);
        // The newest certificates stay.
        let (now, later) = others.split_at((count - 1).min(others.len().saturating_sub(100)));
        rest = later;
        let asks = now.iter().map(revocation).collect();
        let asking = tokio::spawn(ask_for_ever(address, entries));
        revoked.push(send_all(address, token, asks).await?);
        asking.abort();
    }
    let what = format!("revocation list of {entries} entries");
    table.add(
        Row::rate(format!("{what}, after one more revocation"), "s", &again)
            .less_is_better()
            .beside("the limit", &limit)
            .goal(1.0),
    );
    table.add(
        Row::rate(format!("{what}, the first time after the start"), "s", &first)
            .less_is_better()
            .note(
                "from the request to the last byte; the entries were inserted into the table without events",
            ),
    );
    table.add(
        Row::rate(
            "certificates revoked over HTTP while it grows",
            "commands/s",
            &revoked,
        )
        .at_least(AT_LEAST)
        .note(format!(
            "{CONNECTIONS} connections; another one asks for the whole list once a second"
        )),
    );
    Ok(())
}

/// Inserts revoked certificates of the current issuer.
async fn make(bench: &Bench, entries: u64) -> Result<()> {
    let insert = format!(
        "INSERT INTO issued_certificates SELECT sha256(n::text::bytea), -n, gen_random_uuid(), gen_random_uuid(), \
         '4' || substr(md5(n::text) || md5('bench' || n), 1, 39), (SELECT issuer FROM issued_certificates LIMIT 1), \
         0, 4000000000000000, 'MAA=', 1000000 * extract(epoch FROM now())::bigint, \
         CASE WHEN n % 2 = 0 THEN 'superseded' END, 1 FROM generate_series(1, {entries}) AS n"
    );
    bench.cluster.psql(DATABASE, &insert).await?;
    bench.cluster.settle(DATABASE).await
}

fn revocation(certificate: &Certificate) -> Ask {
    Ask {
        status: 204,
        method: "DELETE",
        path: format!("/api/certificates/issued/{}", certificate.fingerprint),
        body: String::new(),
    }
}

/// How long the whole list takes.
async fn seconds(address: SocketAddr, entries: u64) -> Result<f64> {
    let mut connection = Connection::open(address).await?;
    let began = Instant::now();
    let answer = connection.expect(200, ("GET", LIST), "", "").await?;
    // An entry has at least its number and its date.
    match answer.body.len() as u64 >= entries * 37 {
        true => Ok(began.elapsed().as_secs_f64()),
        false => Err(format!("the list has only {} bytes", answer.body.len()).into()),
    }
}

async fn ask_for_ever(address: SocketAddr, entries: u64) -> Result<()> {
    loop {
        seconds(address, entries).await?;
        tokio::time::sleep(ASKED_EVERY).await;
    }
}
