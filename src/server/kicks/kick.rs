//! Ends the sessions of a user at a broker.

use std::time::Duration;

use super::{Kind, emqx, mosquitto, mqtt::MqttError, rabbitmq, reach::Reach, vernemq};

/// The sessions of one user that must end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kick {
    /// The username by which the broker knows the user.
    pub(super) username: String,
    /// Whether nobody may connect with this name any more, until it is given to somebody again.
    pub(super) is_gone: bool,
}

/// Why a broker did not end the sessions. No message has the name of the user.
#[derive(Debug, thiserror::Error)]
pub(super) enum KickError {
    /// The broker cannot be reached, the connection broke, or it does not speak HTTP.
    #[error("the broker cannot be reached over HTTP")]
    Http(#[from] hyper_util::client::legacy::Error),
    /// The broker cannot be reached, the connection broke, or it does not speak MQTT.
    #[error("the broker cannot be reached over MQTT")]
    Mqtt(#[from] MqttError),
    /// The broker refuses.
    #[error("the broker answers {0}")]
    Refused(String),
    /// The broker took too long.
    #[error("the broker does not answer in time")]
    Late,
}

impl KickError {
    /// The broker refuses with this answer.
    pub(super) fn refused(answer: impl ToString) -> Self {
        Self::Refused(answer.to_string())
    }
}

/// Ends the sessions of a user. It is no error if there are none.
pub(super) async fn kick(reach: &Reach, kick: &Kick, patience: Duration) -> Result<(), KickError> {
    let ended = async {
        match reach.broker.kind {
            Kind::RabbitMq => rabbitmq::end(reach, kick).await,
            Kind::VerneMq => vernemq::end(reach, kick).await,
            Kind::Emqx => emqx::end(reach, kick).await,
            Kind::Mosquitto => mosquitto::end(reach, kick).await,
        }
    };
    let ended = tokio::time::timeout(patience, ended).await;
    ended.unwrap_or(Err(KickError::Late))
}
