//! A key for the tests of its decisions, and what its commands say of themselves.

use super::*;
use crate::{
    testing::commands_begin_streams_as_they_say,
    values::{Membership, Ordinal, OrganisationId},
};

/// A second of the tests.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

pub(super) fn digest(byte: u8) -> KeyDigest {
    KeyDigest::new([byte; 32])
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

/// Issues a key of group 2 at second 1.
pub(super) fn issue() -> IssueApiKey {
    IssueApiKey {
        name: "Dashboard".parse().unwrap(),
        prefix: "5f7c2a91".into(),
        digest: digest(1),
        groups: vec![group(2)],
        now: at(1),
        expires_at: None,
        system_user: AccountId::of(Ordinal::new(9).unwrap()),
    }
}

/// The events to which [`issue`] leads.
pub(super) fn issued() -> Vec<ApiKeyEvent> {
    vec![
        ApiKeyEvent::Issued {
            name: "Dashboard".parse().unwrap(),
            prefix: "5f7c2a91".into(),
            digest: digest(1),
            expires_at: None,
            system_user: AccountId::of(Ordinal::new(9).unwrap()),
        },
        ApiKeyEvent::GroupJoined {
            group: group(2).group,
        },
        ApiKeyEvent::Placed {
            organisations: vec![organisation(3)],
            is_global: false,
        },
    ]
}

#[test]
fn only_issuing_begins_a_stream() {
    commands_begin_streams_as_they_say::<ApiKey>(|command| {
        Some(match command {
            None => ApiKeyCommand::Issue(issue()),
            Some(ApiKeyCommand::Issue(_)) => ApiKeyCommand::Change(ChangeApiKey {
                name: None,
                groups: None,
                now: at(1),
                expires_at: None,
            }),
            Some(ApiKeyCommand::Change(_)) => ApiKeyCommand::Revoke,
            Some(ApiKeyCommand::Revoke) => return None,
        })
    });
}
