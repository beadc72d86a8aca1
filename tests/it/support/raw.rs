//! A connection on the level of bytes.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use super::server::Server;

/// How long an answer may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A connection to which the test writes every byte itself.
pub struct Raw(pub TcpStream);

impl Raw {
    pub async fn to(server: &Server) -> Self {
        let address = server.address().trim_start_matches("http://");
        Self(TcpStream::connect(address).await.expect("a connection"))
    }

    /// A connection from this address of the loopback network.
    pub async fn from(server: &Server, address: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        let from = format!("{address}:0").parse().expect("an address");
        socket.bind(from).expect("a free port");
        let to = server.address().trim_start_matches("http://");
        let to = to.parse().expect("an address");
        Self(socket.connect(to).await.expect("a connection"))
    }

    pub async fn send(&mut self, text: &str) {
        self.0
            .write_all(text.as_bytes())
            .await
            .expect("the server should read");
    }

    /// The next answer. Its body must be short.
    pub async fn answer(&mut self) -> String {
        let mut bytes = vec![0; 4_096];
        let read = timeout(PATIENCE, self.0.read(&mut bytes))
            .await
            .expect("an answer in time");
        bytes.truncate(read.expect("an answer"));
        String::from_utf8(bytes).expect("text")
    }

    /// Everything that arrives until the server closes.
    pub async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let end = timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        // A reset also ends the connection.
        let _ = end.expect("the server should close the connection");
        String::from_utf8(bytes).expect("text")
    }
}
