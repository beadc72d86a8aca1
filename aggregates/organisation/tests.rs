//! An organisation for the tests of its decisions, and what its commands say of themselves.

use super::*;
use crate::{
    testing::{commands_begin_streams_as_they_say, folded},
    values::Title,
};

pub(super) fn aarhus() -> Title {
    "Aarhus".parse().unwrap()
}

pub(super) fn founded() -> OrganisationEvent {
    OrganisationEvent::Founded { name: aarhus() }
}

pub(super) fn founded_by_sign_up() -> OrganisationEvent {
    OrganisationEvent::FoundedBySignUp { name: aarhus() }
}

pub(super) fn member() -> UserId {
    UserId(uuid::Uuid::from_u128(7))
}

pub(super) fn joined() -> OrganisationEvent {
    OrganisationEvent::MemberJoined { user: member() }
}

pub(super) fn left() -> OrganisationEvent {
    OrganisationEvent::MemberLeft { user: member() }
}

pub(super) fn deleted() -> Vec<OrganisationEvent> {
    vec![founded(), OrganisationEvent::Deleted {}]
}

#[test]
fn only_founding_begins_a_stream() {
    commands_begin_streams_as_they_say::<Organisation>(|command| {
        Some(match command {
            None => OrganisationCommand::Found { name: aarhus() },
            Some(OrganisationCommand::Found { .. }) => OrganisationCommand::FoundBySignUp { name: aarhus() },
            Some(OrganisationCommand::FoundBySignUp { .. }) => {
                OrganisationCommand::AddMember { user: member() }
            }
            Some(OrganisationCommand::AddMember { .. }) => {
                OrganisationCommand::RemoveMember { user: member() }
            }
            Some(OrganisationCommand::RemoveMember { .. }) => OrganisationCommand::Rename { name: aarhus() },
            Some(OrganisationCommand::Rename { .. }) => OrganisationCommand::Delete,
            Some(OrganisationCommand::Delete) => return None,
        })
    });
}

#[test]
fn an_organisation_exists_until_it_is_deleted() {
    assert!(!Organisation::default().exists());
    assert!(folded::<Organisation>([founded()]).exists());
    assert!(!folded::<Organisation>(deleted()).exists());
}
