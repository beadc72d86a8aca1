//! A device: a client of MQTT 3.1.1 that knows nothing of Muniment.

use std::time::Duration;

use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS,
    SubscribeReasonCode,
};
use tokio::time::timeout;

/// How long a broker may take for an answer.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How long a message that must not arrive is waited for.
pub const SILENCE: Duration = Duration::from_millis(700);

/// A client that is connected.
pub struct Device {
    client: AsyncClient,
    events: EventLoop,
}

impl Device {
    /// Connects with a password to a broker at this port.
    pub async fn connect(port: u16, username: &str, password: &str) -> Result<Self, ConnectionError> {
        let mut options = Self::options(port, username);
        options.set_credentials(username, password);
        Self::open(options).await
    }

    /// What every device asks for.
    pub fn options(port: u16, name: &str) -> MqttOptions {
        MqttOptions::new(format!("client-of-{name}"), "127.0.0.1", port)
    }

    /// Connects.
    pub async fn open(options: MqttOptions) -> Result<Self, ConnectionError> {
        let (client, events) = AsyncClient::new(options, 10);
        let mut device = Self { client, events };
        device
            .until(|packet| matches!(packet, Packet::ConnAck(_)))
            .await
            .map(|_| device)
    }

    /// Whether a broker refuses a client with this password.
    pub async fn is_refused(port: u16, username: &str, password: &str) -> bool {
        matches!(
            Self::connect(port, username, password).await,
            Err(ConnectionError::ConnectionRefused(
                ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized
            ))
        )
    }

    /// Waits for a packet.
    async fn until(&mut self, wanted: impl Fn(&Packet) -> bool) -> Result<Packet, ConnectionError> {
        let wait = async {
            loop {
                if let Event::Incoming(packet) = self.events.poll().await?
                    && wanted(&packet)
                {
                    return Ok(packet);
                }
            }
        };
        timeout(PATIENCE, wait).await.expect("the broker should answer")
    }

    /// Publishes. Returns whether the broker acknowledged it; RabbitMQ ends the connection if it refuses.
    pub async fn publish(&mut self, topic: &str) -> bool {
        let sent = self.client.publish(topic, QoS::AtLeastOnce, false, topic).await;
        sent.expect("there is room for a message");
        self.until(|packet| matches!(packet, Packet::PubAck(_)))
            .await
            .is_ok()
    }

    /// Subscribes. Returns whether the broker granted it.
    pub async fn subscribe(&mut self, filter: &str) -> bool {
        let sent = self.client.subscribe(filter, QoS::AtLeastOnce).await;
        sent.expect("there is room for a request");
        match self.until(|packet| matches!(packet, Packet::SubAck(_))).await {
            Ok(Packet::SubAck(ack)) => !ack.return_codes.contains(&SubscribeReasonCode::Failure),
            Ok(_) | Err(_) => false,
        }
    }

    /// The topic of the next message. There is none if nothing arrives for a while.
    pub async fn message(&mut self, wait: Duration) -> Option<String> {
        let message = self.until(|packet| matches!(packet, Packet::Publish(_)));
        match timeout(wait, message).await {
            Ok(Ok(Packet::Publish(message))) => Some(message.topic),
            Ok(Ok(_)) | Err(_) => None,
            Ok(Err(error)) => panic!("the connection ended: {error}"),
        }
    }

    /// Waits until the broker ends the connection.
    pub async fn is_disconnected(&mut self) {
        let ended = self.until(|packet| matches!(packet, Packet::Disconnect)).await;
        ended.expect_err("a broker of MQTT 3.1.1 sends no DISCONNECT");
    }
}
