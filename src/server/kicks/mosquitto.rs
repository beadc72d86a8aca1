//! Mosquitto: the plugin for dynamic security takes commands over MQTT. It disconnects the clients of a username that it disables or
//! deletes.

use rumqttc::{Packet, Publish, QoS, Subscribe, SubscribeReasonCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    kick::{Kick, KickError},
    mqtt::Connection,
    reach::Reach,
};

/// The topic of the plugin's commands.
const COMMANDS: &str = "$CONTROL/dynamic-security/v1";
/// The topic of its answers. Everybody who subscribes to it gets all of them.
const RESPONSES: &str = "$CONTROL/dynamic-security/v1/response";
/// What the plugin says of a username that it does not have.
const UNKNOWN: &str = "Client not found";

/// A session of the server at the broker.
struct Session {
    /// Tells the answers to this session from those to others.
    id: String,
    connection: Connection,
    /// The number of the last packet that needs one.
    number: u16,
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
        let id = format!("muniment-{}", reach.entropy.uuid());
        let mut connection = Connection::open(reach, &id).await?;
        // The broker need not send an answer again: the commands may be repeated.
        let mut subscribe = Subscribe::new(RESPONSES, QoS::AtMostOnce);
        subscribe.pkid = 1;
        connection.send(Packet::Subscribe(subscribe)).await?;
        let mut session = Self {
            id,
            connection,
            number: 1,
        };
        let granted = session.until(|packet| match packet {
            Packet::SubAck(ack) => Some(!ack.return_codes.contains(&SubscribeReasonCode::Failure)),
            _ => None,
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
        self.number += 1;
        let mut publish = Publish::new(COMMANDS, QoS::AtLeastOnce, message);
        publish.pkid = self.number;
        self.connection.send(Packet::Publish(publish)).await?;
        let id = self.id.clone();
        self.until(|packet| match packet {
            Packet::Publish(message) => {
                let answers: Responses = serde_json::from_slice(&message.payload).ok()?;
                let is_own = |response: &&Response| response.id.as_deref() == Some(&id);
                let mut own = answers.responses.into_iter().filter(|response| is_own(&response));
                own.nth(number - 1).map(|last| last.error)
            }
            _ => None,
        })
        .await
    }

    async fn close(self) -> Result<(), KickError> {
        Ok(self.connection.close().await?)
    }

    /// Goes on until a packet comes that is wanted.
    async fn until<T>(&mut self, wanted: impl Fn(Packet) -> Option<T>) -> Result<T, KickError> {
        loop {
            let packet = self.connection.next().await?;
            if let Some(found) = wanted(packet) {
                return Ok(found);
            }
        }
    }
}
