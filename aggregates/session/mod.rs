//! A session: one issued token. Each is a stream of its own, so that streams stay short.

mod claims;
mod command;
mod error;
mod event;
#[cfg(test)]
mod fixtures;
mod issue_token;
mod revoke_token;

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

pub use command::{IssueToken, SessionCommand};
pub use error::SessionError;
pub use event::SessionEvent;

use crate::values::{Timestamp, UserId};

/// The stored name of this aggregate type.
pub const TYPE: &str = "session";

/// A session as its events tell.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Session {
    /// How far the session has come.
    stage: Stage,
    /// Whose it is, once issued.
    pub user_id: Option<UserId>,
    /// When the token ends; the epoch before it is issued.
    pub expires_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Live,
    Revoked,
}

impl Session {
    /// Whether the token was issued and not revoked. It may have expired: this knows no clock.
    pub fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    /// The events that a command comes to in this state, or why it is refused.
    pub fn decide(&self, command: SessionCommand) -> Result<Vec<SessionEvent>, SessionError> {
        match command {
            SessionCommand::IssueToken(command) => issue_token::decide(self, command),
            SessionCommand::RevokeToken => revoke_token::decide(self),
        }
    }
}

impl Aggregate for Session {
    const TYPE: &'static str = TYPE;
    type Command = SessionCommand;
    type Event = SessionEvent;
    type Error = SessionError;
    type Services = ();

    async fn handle(
        &mut self,
        command: SessionCommand,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), SessionError> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::TokenIssued {
                user_id, expires_at, ..
            } => {
                *self = Self {
                    stage: Stage::Live,
                    user_id: Some(user_id),
                    expires_at,
                };
            }
            SessionEvent::TokenRevoked {} => self.stage = Stage::Revoked,
        }
    }
}
