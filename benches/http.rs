//! A minimal HTTP/1.1 client. It sends one request after the other over one connection, and reads answers that have a
//! length.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::context::Result;

/// A connection that is kept alive.
pub(crate) struct Connection {
    stream: TcpStream,
    /// The bytes that were read and not used yet, and the present answer.
    buffer: Vec<u8>,
    request: Vec<u8>,
    /// The address for the header `X-Forwarded-For`.
    from: String,
    /// The API key for the header `X-API-KEY`.
    key: String,
    /// What the bodies are.
    content_type: &'static str,
}

/// An answer.
pub(crate) struct Answer<'a> {
    /// Its status.
    pub(crate) status: u16,
    /// Status line and headers, with the empty line.
    pub(crate) head: &'a [u8],
    /// Its body.
    pub(crate) body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(4_096),
            request: Vec::with_capacity(1_024),
            from: String::new(),
            key: String::new(),
            content_type: "application/json",
        })
    }

    /// The next requests come from this address, through a proxy. The server must trust the proxy.
    pub(crate) fn come_from(&mut self, address: &str) {
        address.clone_into(&mut self.from);
    }

    /// The next requests show this API key.
    pub(crate) fn show_key(&mut self, key: &str) {
        key.clone_into(&mut self.key);
    }

    /// The next bodies are forms.
    pub(crate) fn send_forms(&mut self) {
        self.content_type = "application/x-www-form-urlencoded";
    }

    /// Sends a request and waits for the answer.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        body: &str,
    ) -> Result<Answer<'_>> {
        use std::io::Write;
        self.request.clear();
        write!(self.request, "{method} {path} HTTP/1.1\r\nHost: localhost\r\n")?;
        if !token.is_empty() {
            write!(self.request, "Authorization: Bearer {token}\r\n")?;
        }
        if !self.from.is_empty() {
            write!(self.request, "X-Forwarded-For: {}\r\n", self.from)?;
        }
        if !self.key.is_empty() {
            write!(self.request, "X-API-KEY: {}\r\n", self.key)?;
        }
        if !body.is_empty() {
            write!(
                self.request,
                "Content-Type: {}\r\nContent-Length: {}\r\n",
                self.content_type,
                body.len()
            )?;
        }
        write!(self.request, "\r\n{body}")?;
        self.stream.write_all(&self.request).await?;
        self.buffer.clear();
        let (head, length) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break (end + 4, length_of(&self.buffer[..end]));
            }
        };
        while self.buffer.len() < head + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
        }
        let status = self
            .buffer
            .get(9..12)
            .and_then(|text| std::str::from_utf8(text).ok());
        Ok(Answer {
            status: status.and_then(|text| text.parse().ok()).unwrap_or(0),
            head: &self.buffer[..head],
            body: &self.buffer[head..head + length],
        })
    }

    /// Sends a request whose answer must have this status.
    pub(crate) async fn expect(
        &mut self,
        status: u16,
        (method, path): (&str, &str),
        token: &str,
        body: &str,
    ) -> Result<Answer<'_>> {
        let answer = self.send(method, path, token, body).await?;
        if answer.status == status {
            Ok(answer)
        } else {
            let said = String::from_utf8_lossy(answer.body);
            Err(format!("{method} {path} answered {}: {said}", answer.status).into())
        }
    }
}

fn length_of(head: &[u8]) -> usize {
    let lines = head.split(|byte| *byte == b'\n');
    let mut lengths = lines.filter_map(|line| {
        let text = std::str::from_utf8(line).ok()?;
        let (name, value) = text.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().ok())?
    });
    lengths.next().unwrap_or(0)
}
