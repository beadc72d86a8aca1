//! The memory that bodies take before they are whole, beside a bare axum handler that reads the same bodies.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    context::{Bench, Result},
    measure::Series,
    progress,
    server::Server,
    table::{Row, Table},
};

/// How many connections send most of a login.
const LOGINS: usize = 600;
/// How many bytes of its body each of them sends: a login may have 8 KiB.
const LOGIN_BYTES: usize = 8_150;
/// How many connections send a body in pieces of one byte.
const IN_PIECES: usize = 10;
/// How many pieces each of them sends.
const PIECES: usize = 100_000;
/// How long a connection may take for a part of a body. A server that reads no further is measured as it is then.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the memory must stay the same until it is read.
const STILL: Duration = Duration::from_millis(200);

/// Bodies that are not finished.
#[derive(Clone, Copy)]
enum Unfinished {
    Logins,
    InPieces,
}

impl Unfinished {
    fn connections(self) -> usize {
        match self {
            Self::Logins => LOGINS,
            Self::InPieces => IN_PIECES,
        }
    }

    /// How many bytes of bodies all connections send together.
    fn bytes(self) -> usize {
        match self {
            Self::Logins => LOGINS * LOGIN_BYTES,
            Self::InPieces => IN_PIECES * PIECES,
        }
    }

    /// What each connection sends to this path.
    fn request(self, path: &str, token: &str) -> Result<String> {
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Authorization: Bearer {token}\r\n"
        );
        match self {
            Self::Logins => {
                let body = format!("{{\"username\": \"{}", "a".repeat(LOGIN_BYTES - 14));
                write!(request, "Content-Length: {}\r\n\r\n{body}", LOGIN_BYTES + 2)?;
            }
            Self::InPieces => {
                request.push_str("Transfer-Encoding: chunked\r\n\r\n1\r\n[\r\n");
                request.push_str(&"1\r\n \r\n".repeat(PIECES - 1));
            }
        }
        Ok(request)
    }
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let file = bench.folder.join("nothing.http");
    std::fs::write(&file, "HTTP/1.1 200 OK\r\n\r\n")?;
    let kinds = [
        (
            Unfinished::Logins,
            "/api/login",
            "memory of 600 logins without their last byte",
        ),
        (
            Unfinished::InPieces,
            "/api/users/batch",
            "memory of 10 bodies in 100,000 pieces of one byte",
        ),
    ];
    for (kind, path, what) in kinds {
        let (mut ours, mut theirs) = (Series::default(), Series::default());
        for round in 1..=bench.options.rounds {
            // A process of its own for each round: memory that was used once may stay with the process.
            let url = bench.database_of_people("bench_unfinished").await?;
            let server = Server::muniment(bench, &url).await?;
            let token = server.log_in().await?;
            ours.push(grown(&server, &kind.request(path, &token)?, kind.connections()).await?);
            server.stop().await?;
            let bare = Server::bare(bench, "reading", &file).await?;
            let request = kind.request("/access/v1/evaluation", &token)?;
            theirs.push(grown(&bare, &request, kind.connections()).await?);
            bare.stop().await?;
            progress(&format!("  {what}: round {round}"));
        }
        let sent = kind.bytes() as f64 / 1_048_576.0;
        table.add(
            Row::rate(what, "MiB", &ours)
                .less_is_better()
                .beside("bare axum handler, same bodies", &theirs)
                .note(format!("the bodies themselves are {sent:.1} MiB")),
        );
    }
    Ok(())
}

/// By how many MiB the memory of a server grows while so many connections have sent this, and wait.
async fn grown(server: &Server, request: &str, connections: usize) -> Result<f64> {
    let before = server.memory()?;
    let mut all = Vec::with_capacity(connections);
    for _ in 0..connections {
        all.push(sent(server.address(), request).await?);
    }
    let mut memory = server.memory()?;
    loop {
        sleep(STILL).await;
        let now = server.memory()?;
        if now <= memory {
            return Ok(now.saturating_sub(before) as f64 / 1_048_576.0);
        }
        memory = now;
    }
}

async fn sent(address: SocketAddr, request: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    if let Ok(sent) = timeout(PATIENCE, stream.write_all(request.as_bytes())).await {
        sent?;
    }
    Ok(stream)
}
