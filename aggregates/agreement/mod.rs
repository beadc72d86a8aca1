//! An agreement: what a kind of licence gives, and who provides it (contracts/nx.md section 4).

pub mod claims;
mod command;
mod create_agreement;
mod error;
mod event;
mod samples;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use command::{AgreementCommand, CreateAgreement};
pub use error::AgreementError;
pub use event::AgreementEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{AgreementId, Invalid, OrganisationId},
};

/// How many characters a text of an agreement has at most.
pub const LONGEST_TEXT: usize = 200;
/// How many things an agreement provides at most.
pub const MOST_PROVIDED: usize = 100;

/// The state of an agreement, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Agreement {
    /// Whether the agreement was created.
    pub exists: bool,
    /// The organisation that provides what is agreed.
    pub provider: Option<OrganisationId>,
}

impl Registered for Agreement {
    const TYPE: &'static str = "agreement";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = AgreementId;
    type Command = AgreementCommand;
    type Event = AgreementEvent;
    type Error = AgreementError;

    fn decide(&self, command: AgreementCommand) -> Result<Vec<AgreementEvent>, AgreementError> {
        match command {
            AgreementCommand::Create(command) => create_agreement::decide(self, command),
        }
    }

    fn apply(&mut self, event: AgreementEvent) {
        match event {
            AgreementEvent::Created { provider, .. } => {
                *self = Self {
                    exists: true,
                    provider,
                }
            }
        }
    }

    fn begins_a_stream(command: &AgreementCommand) -> bool {
        match command {
            AgreementCommand::Create(_) => true,
        }
    }

    /// An agreement is not about a person.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        None
    }

    fn samples() -> Result<Vec<AgreementEvent>, Invalid> {
        samples::all()
    }
}
