//! A sign-in that goes on by refresh tokens: a family of tokens that one password began.
//!
//! One refresh token of the family is active. Its immediate parent still counts, since a client may not have received the answer with its
//! successor; it leads to the same successor. Whoever shows an older one has a copy that nobody should have, and the family ends.

mod begin_sign_in;
pub mod claims;
mod command;
mod end_sign_in;
mod error;
mod event;
mod issue_access;
mod prove_again;
mod rotate;
mod samples;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use command::{BeginSignIn, SignInCommand};
pub use error::SignInError;
pub use event::{SignInEnd, SignInEvent};

use crate::{
    Registered,
    claim::Scope,
    values::{Invalid, SessionId, SignInId, Timestamp, UserId},
};

/// How many access tokens of a sign-in are valid at once. A further one takes the place of the oldest.
pub const MOST_ACCESS: usize = 64;

/// The state of a sign-in, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SignIn {
    /// How far the sign-in has come.
    stage: Stage,
    /// The user; `None` before it begins.
    pub user_id: Option<UserId>,
    /// A position that the ledger had reached when the user proved the password.
    pub proved_at: i64,
    /// For how many hours each refresh token is valid.
    pub hours: u32,
    /// How often the refresh token was replaced. The first one has the number 0.
    pub generation: u32,
    /// When the active refresh token expires.
    pub expires_at: Timestamp,
    /// How many access tokens were issued.
    pub issued: u32,
    /// The access tokens that may be valid, oldest first: the number of each, and when it expires.
    pub access: Vec<(u32, Timestamp)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Live,
    Ended,
}

/// What a refresh token is to its sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// The active one.
    Active,
    /// The one that the active one has replaced.
    Parent,
    /// An older one.
    Older,
    /// The sign-in has ended, or never had it.
    Ended,
}

impl SignIn {
    /// Whether the sign-in began and has not ended. Its tokens may have expired: the state knows no clock.
    pub fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    /// What the refresh token of this generation is.
    pub fn presented(&self, generation: u32) -> Presented {
        match self.generation.checked_sub(generation) {
            Some(0) if self.is_live() => Presented::Active,
            Some(1) if self.is_live() => Presented::Parent,
            Some(_) if self.is_live() => Presented::Older,
            _ => Presented::Ended,
        }
    }

    /// The number of the next access token.
    pub fn next_access(&self) -> u32 {
        self.issued.saturating_add(1)
    }

    /// The sessions of the access tokens that may be valid at this time.
    pub fn sessions(&self, id: SignInId, now: Timestamp) -> Vec<SessionId> {
        let valid = self.access.iter().filter(|(_, expires_at)| *expires_at > now);
        valid.map(|(number, _)| id.session(*number)).collect()
    }

    /// The session that a further access token ends, since there are as many as there may be.
    pub fn crowded_out(&self, id: SignInId, now: Timestamp) -> Option<SessionId> {
        let sessions = self.sessions(id, now);
        sessions
            .first()
            .copied()
            .filter(|_| sessions.len() >= MOST_ACCESS)
    }

    /// `Ended` unless the sign-in goes on.
    fn must_be_live(&self) -> Result<(), SignInError> {
        match self.is_live() {
            true => Ok(()),
            false => Err(SignInError::Ended),
        }
    }
}

impl Registered for SignIn {
    const TYPE: &'static str = "sign_in";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = SignInId;
    type Command = SignInCommand;
    type Event = SignInEvent;
    type Error = SignInError;

    fn decide(&self, command: SignInCommand) -> Result<Vec<SignInEvent>, SignInError> {
        match command {
            SignInCommand::Begin(command) => begin_sign_in::decide(self, &command),
            SignInCommand::IssueAccess { now, expires_at } => issue_access::decide(self, now, expires_at),
            SignInCommand::Rotate { now, expires_at } => rotate::decide(self, now, expires_at),
            SignInCommand::ProveAgain { position } => prove_again::decide(self, position),
            SignInCommand::End { reason } => end_sign_in::decide(self, reason),
        }
    }

    fn apply(&mut self, event: SignInEvent) {
        match event {
            SignInEvent::Begun {
                user_id,
                face: _,
                proved_at,
                hours,
                expires_at,
            } => {
                *self = Self {
                    stage: Stage::Live,
                    user_id: Some(user_id),
                    proved_at,
                    hours,
                    expires_at,
                    ..Self::default()
                }
            }
            SignInEvent::AccessIssued {
                number,
                issued_at,
                expires_at,
            } => {
                self.issued = number;
                self.access.retain(|(_, expires_at)| *expires_at > issued_at);
                if self.access.len() >= MOST_ACCESS {
                    self.access.remove(0);
                }
                self.access.push((number, expires_at));
            }
            SignInEvent::Rotated {
                generation,
                expires_at,
            } => {
                self.generation = generation;
                self.expires_at = expires_at;
            }
            SignInEvent::ProvedAgain { proved_at } => self.proved_at = proved_at,
            SignInEvent::Ended { reason: _ } => self.stage = Stage::Ended,
        }
    }

    fn begins_a_stream(command: &SignInCommand) -> bool {
        match command {
            SignInCommand::Begin(_) => true,
            SignInCommand::IssueAccess { .. }
            | SignInCommand::Rotate { .. }
            | SignInCommand::ProveAgain { .. }
            | SignInCommand::End { .. } => false,
        }
    }

    /// The person is the user.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        self.user_id.map(|id| Cow::Owned(id.to_string()))
    }

    fn samples() -> Result<Vec<SignInEvent>, Invalid> {
        Ok(samples::all())
    }
}
