//! An account for the tests of its decisions, and what its commands say of themselves.

use super::*;
use crate::{
    testing::{commands_begin_streams_as_they_say, user_id},
    values::{Membership, Ordinal},
};

/// A second of the tests.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

pub(super) fn account_id(number: i64) -> AccountId {
    AccountId::of(Ordinal::new(number).unwrap())
}

pub(super) fn organisation(number: i64) -> OrganisationId {
    OrganisationId::of(Ordinal::new(number).unwrap())
}

/// A group of organisation 3.
pub(super) fn group(number: i64) -> Membership {
    Membership {
        group: GroupId::of(Ordinal::new(number).unwrap()),
        organisation: Some(organisation(3)),
    }
}

/// Opens an account of user 1 at second 1.
pub(super) fn open() -> OpenAccount {
    OpenAccount {
        user: user_id(1),
        name: "Ada".parse().unwrap(),
        email: "ada@example.org".parse().ok(),
        is_active: true,
        now: at(1),
        expires_at: None,
        groups: vec![],
        requested: BTreeSet::new(),
    }
}

/// The first event to which [`open`] leads.
pub(super) fn opened() -> AccountEvent {
    AccountEvent::Opened {
        user: user_id(1),
        name: "Ada".into(),
        email: Some("ada@example.org".into()),
        is_active: true,
        expires_at: None,
    }
}

/// Changes nothing, at second 1.
pub(super) fn change() -> ChangeAccount {
    ChangeAccount {
        name: None,
        email: None,
        is_active: None,
        now: at(1),
        expires_at: None,
    }
}

#[test]
fn only_opening_begins_a_stream() {
    commands_begin_streams_as_they_say::<Account>(|command| {
        let organisation = organisation(3);
        Some(match command {
            None => AccountCommand::Open(open()),
            Some(AccountCommand::Open(_)) => AccountCommand::Change(change()),
            Some(AccountCommand::Change(_)) => AccountCommand::ChangeGroups(ChangeGroups::default()),
            Some(AccountCommand::ChangeGroups(_)) => AccountCommand::RequestOrganisations {
                organisations: BTreeSet::from([organisation]),
            },
            Some(AccountCommand::RequestOrganisations { .. }) => AccountCommand::EndRequest { organisation },
            Some(AccountCommand::EndRequest { .. }) => AccountCommand::HideWelcome,
            Some(AccountCommand::HideWelcome) => AccountCommand::Close,
            Some(AccountCommand::Close) => return None,
        })
    });
}
