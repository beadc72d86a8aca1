//! A licence for the tests of its decisions, and what its commands say of themselves.

use uuid::Uuid;

use super::*;
use crate::{
    testing::{commands_begin_streams_as_they_say, folded, user_id},
    values::Ordinal,
};

/// A second of the tests.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

pub(super) fn agreement() -> AgreementId {
    AgreementId(Uuid::from_u128(5))
}

pub(super) fn organisation() -> OrganisationId {
    OrganisationId::of(Ordinal::FIRST)
}

/// Issues a licence with two seats, from second 1 to second 9.
pub(super) fn issue() -> IssueLicence {
    IssueLicence {
        agreement: agreement(),
        organisation: organisation(),
        licence_key: "edge-1".parse().unwrap(),
        starts_at: at(1),
        expires_at: Some(at(9)),
        paid_until_at: None,
        amount_per_month: 100,
        discount_bp: 0,
        catalogue: vec![],
        seats: 2,
    }
}

/// The event to which [`issue`] leads.
pub(super) fn issued() -> LicenceEvent {
    LicenceEvent::Issued {
        agreement: agreement(),
        organisation: organisation(),
        licence_key: "edge-1".parse().unwrap(),
        starts_at: at(1),
        expires_at: Some(at(9)),
        paid_until_at: None,
        amount_per_month: 100,
        discount_bp: 0,
        catalogue: vec![],
        seats: 2,
    }
}

#[test]
fn only_issuing_begins_a_stream() {
    commands_begin_streams_as_they_say::<Licence>(|command| {
        Some(match command {
            None => LicenceCommand::Issue(Box::new(issue())),
            Some(LicenceCommand::Issue(_)) => LicenceCommand::Sign {
                by: user_id(1),
                now: at(1),
            },
            Some(LicenceCommand::Sign { .. }) => LicenceCommand::Suspend,
            Some(LicenceCommand::Suspend) => LicenceCommand::Resume,
            Some(LicenceCommand::Resume) => return None,
        })
    });
}

#[test]
fn a_licence_lasts_until_its_end() {
    let licence: Licence = folded([issued()]);
    assert_eq!(licence.must_last(at(8)), Ok(()));
    assert_eq!(licence.must_last(at(9)), Err(LicenceError::Expired));
    let endless = Licence {
        expires_at: None,
        ..licence
    };
    assert_eq!(endless.must_last(Timestamp::from_micros(i64::MAX)), Ok(()));
    assert_eq!(Licence::default().must_last(at(1)), Err(LicenceError::NotFound));
}
