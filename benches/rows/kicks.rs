//! The time from the command that revokes a device until the broker is told to disconnect it.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

use crate::{
    context::{Bench, Result},
    http::Connection,
    measure::{Series, quantile},
    progress, seed,
    server::Server,
    table::{Row, Table},
};

/// How many devices are revoked in a round, one after the other.
const DEVICES: u64 = 1_000;
/// How long a kick may take at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let brokers = format!(r#"[{{"kind":"rabbitmq","url":"{url}","username":"bench","password":"bench"}}]"#);
    let (told, mut kicked) = mpsc::unbounded_channel();
    let broker = tokio::spawn(serve(listener, told));
    let database = bench.database_of_people("bench_kicks").await?;
    let server = Server::muniment_with(bench, &database, &[("MUNIMENT_BROKERS", &brokers)]).await?;
    let token = server.log_in().await?;
    let rounds = u64::try_from(bench.options.rounds)?;
    let devices = DEVICES.min(bench.options.users / (rounds + 1));
    let (mut half, mut most) = (Series::default(), Series::default());
    for round in 1..=rounds {
        progress(&format!("  round {round}"));
        let mut connection = Connection::open(server.address()).await?;
        let mut times = Vec::new();
        // The first user is the one who asks.
        for number in (round - 1) * devices + 1..=round * devices {
            let path = format!("/api/users/{}/revoke", seed::user(number));
            let began = Instant::now();
            connection.expect(204, ("POST", &path), &token, "").await?;
            let wanted = seed::username(number);
            loop {
                let (name, at): (String, Instant) = timeout(PATIENCE, kicked.recv())
                    .await?
                    .ok_or("the broker ended")?;
                if name == wanted {
                    times.push(at.duration_since(began).as_secs_f64() * 1_000.0);
                    break;
                }
            }
        }
        half.push(quantile(&times, 0.5));
        most.push(quantile(&times, 0.99));
    }
    server.stop().await?;
    broker.abort();
    let note = format!(
        "{devices} devices, one after the other; from the request to the broker's management interface"
    );
    table.add(Row::rate("kicks: revoke to disconnect, p50", "ms", &half).less_is_better());
    table.add(
        Row::rate("kicks: revoke to disconnect, p99", "ms", &most)
            .note(note)
            .less_is_better(),
    );
    Ok(())
}

/// A broker that disconnects at once.
async fn serve(listener: TcpListener, told: mpsc::UnboundedSender<(String, Instant)>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, told.clone()));
    }
}

/// Answers one request, and tells which username it names and when it came.
async fn answer(mut stream: TcpStream, told: mpsc::UnboundedSender<(String, Instant)>) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let at = Instant::now();
    let head = String::from_utf8(head)?;
    let path = head.split(' ').nth(1).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    stream
        .write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        .await?;
    told.send((name, at))?;
    Ok(())
}
