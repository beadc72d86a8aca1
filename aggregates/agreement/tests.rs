//! An agreement for the tests of its decision, and what its command says of itself.

use super::*;
use crate::{testing::commands_begin_streams_as_they_say, values::Ordinal};

pub(super) fn provider() -> OrganisationId {
    OrganisationId::of(Ordinal::FIRST)
}

pub(super) fn create() -> AgreementCommand {
    AgreementCommand::Create(CreateAgreement {
        name: "Edge".parse().unwrap(),
        kind: "trial".parse().unwrap(),
        provides: vec!["recording".parse().unwrap()],
        published_at: None,
        provider: Some(provider()),
    })
}

/// The event to which [`create`] leads.
pub(super) fn created() -> AgreementEvent {
    AgreementEvent::Created {
        name: "Edge".parse().unwrap(),
        kind: "trial".parse().unwrap(),
        provides: vec!["recording".parse().unwrap()],
        published_at: None,
        provider: Some(provider()),
    }
}

#[test]
fn creation_begins_a_stream() {
    commands_begin_streams_as_they_say::<Agreement>(|command| match command {
        None => Some(create()),
        Some(AgreementCommand::Create(_)) => None,
    });
}
