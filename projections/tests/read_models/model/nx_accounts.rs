//! Accounts of Nx in the model. No list shows them.

use aggregates::{
    Event,
    nx_account::NxAccountEvent,
    values::{Ordinal, OrganisationId},
};
use proptest::sample::Index;
use uuid::Uuid;

use super::{Model, Part};

pub(super) const PART: Part = Part {
    next: |model, _, index, what| Some(vec![next(model, index, what)?]),
    take: |_, _| {},
    agree: |_, _| Box::pin(async { Ok(()) }),
};

fn next(model: &Model, index: &Index, what: u8) -> Option<(Uuid, Event)> {
    let user = model.users.get(index.index(model.users.len().max(1)))?.row.id;
    let event = match what % 8 {
        0 => NxAccountEvent::Opened {
            name: "Ada".into(),
            email: Some("ada@example.org".into()),
            is_verified: what.is_multiple_of(4),
            phone: Some("+45 1".into()),
            job_title: Some("Analyst".into()),
            newsletter: false,
            organisation: None,
            is_owner: false,
        },
        1 => NxAccountEvent::EmailVerified {},
        2 => NxAccountEvent::Renamed { name: "Grace".into() },
        3 => NxAccountEvent::PhoneChanged { phone: None },
        4 => NxAccountEvent::NewsletterChanged { newsletter: true },
        5 => NxAccountEvent::OrganisationJoined {
            organisation: OrganisationId::of(Ordinal::FIRST),
        },
        6 => NxAccountEvent::OrganisationLeft {},
        _ => NxAccountEvent::Closed {},
    };
    Some((user.0, Event::NxAccount(event)))
}
