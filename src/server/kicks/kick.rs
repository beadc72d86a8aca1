//! Closes the sessions of a user at a broker.

use std::{io, time::Duration};

use super::{Broker, Kind, emqx, mosquitto, rabbitmq, vernemq};

/// How long a broker may take to close the sessions of one user.
const PATIENCE: Duration = Duration::from_secs(10);

/// The sessions of one user that must end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kick {
    /// The username by which the broker knows the user.
    pub(super) username: String,
    /// Whether nobody may connect with this name any more, until it is given to somebody again.
    pub(super) is_gone: bool,
}

/// Why a broker did not close the sessions.
#[derive(Debug, thiserror::Error)]
pub(super) enum KickError {
    /// The broker cannot be reached.
    #[error("the broker cannot be reached: {0}")]
    Unreachable(#[from] io::Error),
    /// The connection to the broker broke, or it does not speak HTTP.
    #[error("the broker does not answer as it should: {0}")]
    Http(#[from] hyper::Error),
    /// The broker refuses.
    #[error("the broker answers {0}")]
    Refused(String),
    /// The broker took too long.
    #[error("the broker does not answer in time")]
    Late,
}

impl KickError {
    /// The broker refuses with this status.
    pub(super) fn status(status: impl ToString) -> Self {
        Self::Refused(status.to_string())
    }
}

/// Closes the sessions of a user. It is no error if there are none.
pub(super) async fn kick(broker: &Broker, kick: &Kick) -> Result<(), KickError> {
    let closed = async {
        match broker.kind {
            Kind::RabbitMq => rabbitmq::close(broker, kick).await,
            Kind::VerneMq => vernemq::close(broker, kick).await,
            Kind::Emqx => emqx::close(broker, kick).await,
            Kind::Mosquitto => mosquitto::close(broker, kick).await,
        }
    };
    let closed = tokio::time::timeout(PATIENCE, closed).await;
    closed.unwrap_or(Err(KickError::Late))
}
