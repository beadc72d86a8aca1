//! Certificates: signing them, confirming devices that send a request, OCSP answers and revocation lists.

mod answers;
mod confirming;
mod device;
mod lists;
mod signing;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    context::{Bench, Result},
    http::Connection,
    server::Server,
    table::Table,
};

/// How many connections there are.
const CONNECTIONS: usize = 64;
/// The database of the server.
const DATABASE: &str = "bench_certificates";
/// No limit of the registry may hold the devices off.
const SETTINGS: [(&str, &str); 3] = [
    ("MUNIMENT_REGISTRY_REQUESTS_PER_MINUTE", "1000000000"),
    ("MUNIMENT_REGISTRY_PENDING_MOST", "1000000"),
    ("MUNIMENT_PUBLIC_URL", "http://muniment.example"),
];
/// How many devices are confirmed in a round, and how many certificates are revoked.
const DEVICES: u64 = 10_000;

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    signing::measure(bench, table).await?;
    let database = bench.database_of_people(DATABASE).await?;
    let server = Server::muniment_with(bench, &database, &SETTINGS).await?;
    let token = server.log_in().await?;
    confirming::measure(bench, table, &server, &token).await?;
    let issued = issued(&server, &token).await?;
    answers::signed(bench, table, &server, &issued).await?;
    lists::measure(bench, table, (&server, &token), &issued).await?;
    server.stop().await?;
    answers::reused(bench, table, &database, &issued).await
}

/// How many devices a round has.
fn devices(bench: &Bench) -> u64 {
    DEVICES.min(bench.options.users / 4)
}

/// A certificate of the server.
struct Certificate {
    fingerprint: String,
    /// In hexadecimal digits.
    serial: String,
}

/// All certificates that the server has issued.
async fn issued(server: &Server, token: &str) -> Result<Vec<Certificate>> {
    let mut connection = Connection::open(server.address()).await?;
    let mut all = Vec::new();
    for page in 1.. {
        let path = format!("/api/certificates/issued?pageNumber={page}&rowsPerPage=100");
        let answer = connection.expect(200, ("GET", &path), token, "").await?;
        let answer: Value = serde_json::from_slice(answer.body)?;
        let rows = answer["certificates"].as_array().ok_or("no list")?;
        if rows.is_empty() {
            break;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        all.extend(rows.iter().map(|row| Certificate {
            fingerprint: text(&row["fingerprint"]),
            serial: text(&row["serialNumber"]),
        }));
    }
    Ok(all)
}

/// A request, and the status of its answer.
struct Ask {
    status: u16,
    method: &'static str,
    path: String,
    body: String,
}

/// Sends all requests, each once. Returns how many per second were answered.
async fn send_all(address: SocketAddr, token: &str, asks: Vec<Ask>) -> Result<f64> {
    let (asks, next) = (Arc::new(asks), Arc::new(AtomicUsize::new(0)));
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (asks, next, token) = (Arc::clone(&asks), Arc::clone(&next), token.to_owned());
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            while let Some(ask) = asks.get(next.fetch_add(1, Ordering::Relaxed)) {
                let operation = (ask.method, ask.path.as_str());
                connection
                    .expect(ask.status, operation, &token, &ask.body)
                    .await?;
            }
            Result::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(asks.len() as f64 / began.elapsed().as_secs_f64())
}
