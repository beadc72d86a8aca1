//! A real RabbitMQ that asks Muniment, and clients of MQTT that know nothing of it.

use std::time::Duration;

use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Packet, QoS,
    SubscribeReasonCode,
};
use serde_json::json;
use tokio::time::timeout;

use crate::support::{
    client::Client,
    connectware::*,
    rabbitmq::RabbitMq,
    server::{Engine, HOOKS_SECRET, Server},
};

/// How long a broker may take for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a message that must not arrive is waited for.
const SILENCE: Duration = Duration::from_millis(700);

/// A client of MQTT 3.1.1 that is connected.
struct Device {
    client: AsyncClient,
    events: EventLoop,
}

impl Device {
    async fn connect(broker: &RabbitMq, username: &str, password: &str) -> Result<Self, ConnectionError> {
        let id = format!("client-of-{username}");
        let mut options = MqttOptions::new(id, "127.0.0.1", broker.port());
        options.set_credentials(username, password);
        let (client, events) = AsyncClient::new(options, 10);
        let mut device = Self { client, events };
        device
            .until(|packet| matches!(packet, Packet::ConnAck(_)))
            .await
            .map(|_| device)
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
    async fn publish(&mut self, topic: &str) -> bool {
        let sent = self.client.publish(topic, QoS::AtLeastOnce, false, topic).await;
        sent.expect("there is room for a message");
        self.until(|packet| matches!(packet, Packet::PubAck(_)))
            .await
            .is_ok()
    }

    /// Subscribes. Returns whether the broker granted it.
    async fn subscribe(&mut self, filter: &str) -> bool {
        let sent = self.client.subscribe(filter, QoS::AtLeastOnce).await;
        sent.expect("there is room for a request");
        match self.until(|packet| matches!(packet, Packet::SubAck(_))).await {
            Ok(Packet::SubAck(ack)) => !ack.return_codes.contains(&SubscribeReasonCode::Failure),
            Ok(_) | Err(_) => false,
        }
    }

    /// The topic of the next message. There is none if nothing arrives for a while.
    async fn message(&mut self, wait: Duration) -> Option<String> {
        let message = self.until(|packet| matches!(packet, Packet::Publish(_)));
        match timeout(wait, message).await {
            Ok(Ok(Packet::Publish(message))) => Some(message.topic),
            Ok(Ok(_)) | Err(_) => None,
            Ok(Err(error)) => panic!("the connection ended: {error}"),
        }
    }
}

async fn device(admin: &Client, name: &str, prefix: Option<&str>, write: &str, read: &str) -> String {
    let permissions = json!([mqtt(write, "write"), mqtt(read, "read")]);
    let with = json!({ "initialPermissions": permissions, "mqttPublishPrefix": prefix });
    create_user_with(admin, name, with).await
}

async fn is_refused(broker: &RabbitMq, username: &str, password: &str) -> bool {
    matches!(
        Device::connect(broker, username, password).await,
        Err(ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized
        ))
    )
}

#[tokio::test]
async fn devices_connect_publish_and_subscribe_where_they_may() {
    let server = Server::start(Engine::Sqlite).await;
    let admin = server.admin().await;
    device(&admin, "watcher", None, "none", "dev/#").await;
    let id = device(&admin, "device1", None, "dev/one/#", "all/#").await;
    device(&admin, "device2", Some("dev/two/"), "dev/#", "all/#").await;
    let broker = RabbitMq::start(&server.hooks_address(), HOOKS_SECRET).await;

    // Passwords.
    for (name, password) in [("device1", "a guess"), ("device1", ""), ("nobody", PASSWORD)] {
        assert!(is_refused(&broker, name, password).await, "{name} {password}");
    }
    let mut watcher = Device::connect(&broker, "watcher", PASSWORD)
        .await
        .expect("a session");
    assert!(watcher.subscribe("dev/#").await);
    let mut one = Device::connect(&broker, "device1", PASSWORD)
        .await
        .expect("a session");

    // What a device may do.
    assert!(one.publish("dev/one/temperature").await);
    assert_eq!(
        watcher.message(PATIENCE).await.as_deref(),
        Some("dev/one/temperature")
    );
    assert!(one.subscribe("all/+/news").await);

    // What it may not do.
    assert!(!one.publish("dev/three/temperature").await);
    assert_eq!(watcher.message(SILENCE).await, None);
    let mut one = Device::connect(&broker, "device1", PASSWORD)
        .await
        .expect("a session");
    assert!(!one.subscribe("dev/#").await);

    // The publish prefix is a border: the right alone is not enough.
    let mut two = Device::connect(&broker, "device2", PASSWORD)
        .await
        .expect("a session");
    assert!(two.publish("dev/two/temperature").await);
    assert_eq!(
        watcher.message(PATIENCE).await.as_deref(),
        Some("dev/two/temperature")
    );
    assert!(!two.publish("dev/one/temperature").await, "outside of the prefix");
    let mut two = Device::connect(&broker, "device2", PASSWORD)
        .await
        .expect("a session");
    assert!(
        !two.publish("temperature").await,
        "RabbitMQ does not add the prefix"
    );
    assert_eq!(watcher.message(SILENCE).await, None);

    // A user who is gone.
    admin.delete(format!("/api/users/{id}")).await.expect(204);
    assert!(is_refused(&broker, "device1", PASSWORD).await);
}
