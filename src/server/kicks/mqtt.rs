//! A connection of MQTT 3.1.1 to a broker, over TCP or TLS.
//!
//! rumqttc reads and writes the packets. Its own connections are not used: their TLS depends on a version of rustls-webpki that is no longer
//! maintained.

use std::{io, sync::Arc};

use bytes::BytesMut;
use rumqttc::{Connect, ConnectReturnCode, Packet, mqttbytes};
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use super::reach::Reach;

/// The longest packet, in bytes.
const MOST: usize = 64 << 10;

/// A connection to a broker does not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum MqttError {
    /// The broker cannot be reached, or the connection broke.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The host of the settings cannot be in a certificate.
    #[error("the host cannot have a certificate")]
    Host(#[from] InvalidDnsNameError),
    /// What the broker sends is not MQTT, or a packet cannot be written.
    #[error("not MQTT: {0}")]
    Packet(#[from] mqttbytes::Error),
    /// The broker does not let the server in.
    #[error("it does not let the server in: {0:?}")]
    NotLetIn(ConnectReturnCode),
}

/// What a connection is made of.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection on which the broker has let the server in.
pub(super) struct Connection {
    stream: Box<dyn Stream>,
    /// What has arrived and was not read.
    arrived: BytesMut,
}

impl Connection {
    /// Connects with the credentials of the settings.
    pub(super) async fn open(reach: &Reach, id: &str) -> Result<Self, MqttError> {
        let broker = &reach.broker;
        let (host, port) = broker.host_and_port();
        // An IPv6 address is in brackets in a URL.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, port)).await?;
        let stream: Box<dyn Stream> = match broker.has_tls() {
            true => {
                let name = ServerName::try_from(host.to_owned())?;
                let connector = TlsConnector::from(Arc::clone(&reach.tls));
                Box::new(connector.connect(name, stream).await?)
            }
            false => Box::new(stream),
        };
        let mut connection = Self {
            stream,
            arrived: BytesMut::new(),
        };
        let mut connect = Connect::new(id);
        connect.keep_alive = 30;
        connect.set_login(broker.username.as_str(), broker.password.as_str());
        connection.send(Packet::Connect(connect)).await?;
        loop {
            if let Packet::ConnAck(answer) = connection.next().await? {
                return match answer.code {
                    ConnectReturnCode::Success => Ok(connection),
                    other => Err(MqttError::NotLetIn(other)),
                };
            }
        }
    }

    /// Sends a packet.
    pub(super) async fn send(&mut self, packet: Packet) -> Result<(), MqttError> {
        let mut bytes = BytesMut::new();
        packet.write(&mut bytes, MOST)?;
        self.stream.write_all(&bytes).await?;
        Ok(self.stream.flush().await?)
    }

    /// Waits for the next packet.
    pub(super) async fn next(&mut self) -> Result<Packet, MqttError> {
        loop {
            match Packet::read(&mut self.arrived, MOST) {
                Err(mqttbytes::Error::InsufficientBytes(_)) => {}
                read => return Ok(read?),
            }
            if self.stream.read_buf(&mut self.arrived).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }

    /// Says that the connection ends, and ends it.
    pub(super) async fn close(mut self) -> Result<(), MqttError> {
        self.send(Packet::Disconnect).await?;
        Ok(self.stream.shutdown().await?)
    }
}
