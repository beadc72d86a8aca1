//! A session: one issued token. Each token has a stream of its own, so that streams stay short.

pub mod claims;
mod command;
mod end_token;
mod error;
mod event;
#[cfg(test)]
mod fixtures;
mod issue_token;
mod revoke_token;
mod samples;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use command::{IssueToken, SessionCommand};
pub use error::SessionError;
pub use event::SessionEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{Invalid, SessionId, Timestamp, UserId},
};

/// The state of a session, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Session {
    /// How far the session has come.
    stage: Stage,
    /// The user to whom the token was issued.
    pub user_id: Option<UserId>,
    /// When the token expires; the epoch before the token is issued.
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
    /// Whether the token was issued and not revoked. The token may have expired: the state knows no clock.
    pub fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }
}

impl Registered for Session {
    const TYPE: &'static str = "session";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = SessionId;
    type Command = SessionCommand;
    type Event = SessionEvent;
    type Error = SessionError;

    fn decide(&self, command: SessionCommand) -> Result<Vec<SessionEvent>, SessionError> {
        match command {
            SessionCommand::IssueToken(command) => issue_token::decide(self, command),
            SessionCommand::RevokeToken => revoke_token::decide(self),
            SessionCommand::EndToken => Ok(end_token::decide(self)),
        }
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

    fn begins_a_stream(command: &SessionCommand) -> bool {
        match command {
            SessionCommand::IssueToken(_) => true,
            SessionCommand::RevokeToken | SessionCommand::EndToken => false,
        }
    }

    /// The person that a session is about is its user.
    fn subject<'a>(aggregate_id: &'a str, event: &SessionEvent) -> Cow<'a, str> {
        match event {
            SessionEvent::TokenIssued { user_id, .. } => Cow::Owned(user_id.to_string()),
            SessionEvent::TokenRevoked {} => Cow::Borrowed(aggregate_id),
        }
    }

    /// The person is the user to whom the token was issued.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        self.user_id.map(|id| Cow::Owned(id.to_string()))
    }

    fn samples() -> Result<Vec<SessionEvent>, Invalid> {
        Ok(samples::all())
    }
}
