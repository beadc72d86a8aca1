//! One event of each kind, with every optional field filled. The golden files are made from these events.

use super::AgreementEvent;
use crate::values::{Invalid, Ordinal, OrganisationId, Timestamp};

pub(super) fn all() -> Result<Vec<AgreementEvent>, Invalid> {
    Ok(vec![AgreementEvent::Created {
        name: "Edge Professional".parse()?,
        kind: "subscription".parse()?,
        provides: vec!["recording".parse()?],
        published_at: Some(Timestamp::from_micros(1_767_225_600_000_000)),
        provider: Some(OrganisationId::of(Ordinal::FIRST)),
    }])
}
