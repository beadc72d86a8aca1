//! An account for the tests of its decisions, and what its commands say of themselves.

use super::*;
use crate::{testing::commands_begin_streams_as_they_say, values::Ordinal};

pub(super) fn organisation() -> OrganisationId {
    OrganisationId::of(Ordinal::FIRST)
}

pub(super) fn other_organisation() -> OrganisationId {
    OrganisationId::of(Ordinal::new(2).unwrap())
}

/// The account of a member of [`organisation`] who does not own it.
pub(super) fn member() -> NxAccountEvent {
    NxAccountEvent::Opened {
        name: "Grace".into(),
        email: Some("grace@example.org".into()),
        is_verified: true,
        phone: None,
        job_title: None,
        newsletter: false,
        organisation: Some(organisation()),
        is_owner: false,
    }
}

pub(super) fn open() -> OpenNxAccount {
    OpenNxAccount {
        name: "Ada".parse().unwrap(),
        email: Some("Ada@example.org".parse().unwrap()),
        is_verified: false,
        phone: Some("+45 1".parse().unwrap()),
        job_title: Some("Analyst".parse().unwrap()),
        newsletter: false,
        organisation: Some(organisation()),
        is_owner: true,
    }
}

/// The event that [`open`] leads to.
pub(super) fn opened() -> NxAccountEvent {
    NxAccountEvent::Opened {
        name: "Ada".into(),
        email: Some("Ada@example.org".into()),
        is_verified: false,
        phone: Some("+45 1".into()),
        job_title: Some("Analyst".into()),
        newsletter: false,
        organisation: Some(organisation()),
        is_owner: true,
    }
}

#[test]
fn only_opening_begins_a_stream() {
    commands_begin_streams_as_they_say::<NxAccount>(|command| {
        Some(match command {
            None => NxAccountCommand::Open(open()),
            Some(NxAccountCommand::Open(_)) => NxAccountCommand::Change(ChangeNxAccount::default()),
            Some(NxAccountCommand::Change(_)) => NxAccountCommand::VerifyEmail,
            Some(NxAccountCommand::VerifyEmail) => NxAccountCommand::JoinOrganisation {
                organisation: organisation(),
            },
            Some(NxAccountCommand::JoinOrganisation { organisation }) => {
                NxAccountCommand::LeaveOrganisation {
                    organisation: *organisation,
                }
            }
            Some(NxAccountCommand::LeaveOrganisation { .. }) => NxAccountCommand::Close,
            Some(NxAccountCommand::Close) => return None,
        })
    });
}
