//! Mosquitto: the plugin for dynamic security takes commands over MQTT. It disconnects the clients of a username that it disables or
//! deletes.

use std::time::Duration;

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS, SubscribeReasonCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    kick::{Kick, KickError},
    reach::Reach,
};

/// The topic of the plugin's commands.
const COMMANDS: &str = "$CONTROL/dynamic-security/v1";
/// The topic of its answers. Everybody who subscribes to it gets all of them.
const RESPONSES: &str = "$CONTROL/dynamic-security/v1/response";
/// What the plugin says of a username that it does not have.
const UNKNOWN: &str = "Client not found";
/// The longest packet, in bytes.
const MOST: usize = 64 << 10;

/// A session of the server at the broker.
struct Session {
    /// Tells the answers to this session from those to others.
    id: String,
    client: AsyncClient,
    events: EventLoop,
}

/// The answers to the commands of one message.
#[derive(Deserialize)]
struct Responses {
    responses: Vec<Response>,
}

/// The answer to one command.
#[derive(Deserialize)]
struct Response {
    #[serde(rename = "correlationData")]
    id: Option<String>,
    error: Option<String>,
}

pub(super) async fn end(reach: &Reach, kick: &Kick) -> Result<(), KickError> {
    let mut session = Session::open(reach).await?;
    // The plugin has only the clients that it lets in. For others, such as those with certificates, a client is made to be deleted.
    let without_return = ["createClient", "deleteClient"];
    let mut failed = match kick.is_gone {
        true => session.ask(&without_return, &kick.username).await?,
        // The client may come back, and gets the rights that it has then.
        false => {
            session
                .ask(&["disableClient", "enableClient"], &kick.username)
                .await?
        }
    };
    if failed.as_deref() == Some(UNKNOWN) && !kick.is_gone {
        failed = session.ask(&without_return, &kick.username).await?;
    }
    session.close().await?;
    match failed {
        None => Ok(()),
        Some(error) => Err(KickError::refused(error)),
    }
}

impl Session {
    async fn open(reach: &Reach) -> Result<Self, KickError> {
        let broker = &reach.broker;
        let id = format!("muniment-{}", reach.entropy.uuid());
        let (host, port) = broker.host_and_port();
        let mut options = MqttOptions::new(&id, host, port);
        options
            .set_credentials(broker.username.as_str(), broker.password.as_str())
            .set_max_packet_size(MOST, MOST)
            .set_keep_alive(Duration::from_secs(30));
        let (client, events) = AsyncClient::new(options, 4);
        let mut session = Self { id, client, events };
        let subscribed = session.client.try_subscribe(RESPONSES, QoS::AtLeastOnce);
        subscribed.map_err(|_| no_room())?;
        let granted = session.until(|event| match event {
            Event::Incoming(Packet::SubAck(ack)) => {
                Some(!ack.return_codes.contains(&SubscribeReasonCode::Failure))
            }
            Event::Incoming(_) | Event::Outgoing(_) => None,
        });
        match granted.await? {
            true => Ok(session),
            false => Err(KickError::refused("that answers of the plugin may not be read")),
        }
    }

    /// Sends commands about a username. Returns what the last command met with, if it failed.
    async fn ask(&mut self, commands: &[&str], username: &str) -> Result<Option<String>, KickError> {
        let commands: Vec<Value> = commands
            .iter()
            .map(|command| json!({ "command": command, "username": username, "correlationData": self.id }))
            .collect();
        let number = commands.len();
        let message = json!({ "commands": commands }).to_string();
        let sent = self
            .client
            .try_publish(COMMANDS, QoS::AtLeastOnce, false, message);
        sent.map_err(|_| no_room())?;
        let id = self.id.clone();
        self.until(|event| match event {
            Event::Incoming(Packet::Publish(message)) => {
                let answers: Responses = serde_json::from_slice(&message.payload).ok()?;
                let is_own = |response: &&Response| response.id.as_deref() == Some(&id);
                let mut own = answers.responses.into_iter().filter(|response| is_own(&response));
                own.nth(number - 1).map(|last| last.error)
            }
            Event::Incoming(_) | Event::Outgoing(_) => None,
        })
        .await
    }

    async fn close(mut self) -> Result<(), KickError> {
        self.client.try_disconnect().map_err(|_| no_room())?;
        self.until(|event| matches!(event, Event::Outgoing(Outgoing::Disconnect)).then_some(()))
            .await
    }

    /// Goes on until something has happened.
    async fn until<T>(&mut self, wanted: impl Fn(Event) -> Option<T>) -> Result<T, KickError> {
        loop {
            let event = self.events.poll().await.map_err(Box::new)?;
            if let Some(found) = wanted(event) {
                return Ok(found);
            }
        }
    }
}

fn no_room() -> KickError {
    KickError::refused("nothing, since there is no room for a packet")
}
