//! One event of each kind, with every optional field filled. The golden files are made from these events.

use super::NxAccountEvent;
use crate::values::{Ordinal, OrganisationId};

pub(super) fn all() -> Vec<NxAccountEvent> {
    vec![
        NxAccountEvent::Opened {
            name: "Ada Lovelace".into(),
            email: Some("ada@example.org".into()),
            is_verified: false,
            phone: Some("+45 12 34 56 78".into()),
            job_title: Some("Analyst".into()),
            newsletter: false,
            organisation: Some(OrganisationId::of(Ordinal::FIRST)),
            is_owner: true,
        },
        NxAccountEvent::EmailVerified {},
        NxAccountEvent::Renamed {
            name: "Ada King".into(),
        },
        NxAccountEvent::PhoneChanged {
            phone: Some("+45 87 65 43 21".into()),
        },
        NxAccountEvent::NewsletterChanged { newsletter: true },
        NxAccountEvent::OrganisationJoined {
            organisation: OrganisationId::of(Ordinal::FIRST),
        },
        NxAccountEvent::OrganisationLeft {},
        NxAccountEvent::Closed {},
    ]
}
