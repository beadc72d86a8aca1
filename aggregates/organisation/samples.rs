//! One event of each kind. The golden files are made from these events.

use super::OrganisationEvent;
use crate::values::{Invalid, UserId};

pub(super) fn all() -> Result<Vec<OrganisationEvent>, Invalid> {
    Ok(vec![
        OrganisationEvent::Founded {
            name: "Aarhus".parse()?,
        },
        OrganisationEvent::FoundedBySignUp {
            name: "Aarhus".parse()?,
        },
        OrganisationEvent::MemberJoined {
            user: UserId(uuid::Uuid::from_u128(7)),
        },
        OrganisationEvent::MemberLeft {
            user: UserId(uuid::Uuid::from_u128(7)),
        },
        OrganisationEvent::Renamed {
            name: "Odense".parse()?,
        },
        OrganisationEvent::Deleted {},
    ])
}
