//! One event of each kind. The golden files are made from these events.

use super::OrganisationEvent;
use crate::values::Invalid;

pub(super) fn all() -> Result<Vec<OrganisationEvent>, Invalid> {
    Ok(vec![
        OrganisationEvent::Founded {
            name: "Aarhus".parse()?,
        },
        OrganisationEvent::FoundedBySignUp {
            name: "Aarhus".parse()?,
        },
        OrganisationEvent::Renamed {
            name: "Odense".parse()?,
        },
        OrganisationEvent::Deleted {},
    ])
}
