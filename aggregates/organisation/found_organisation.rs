//! Found an organisation.

use super::{Organisation, OrganisationError, OrganisationEvent, Stage};
use crate::values::Title;

pub(super) fn decide(
    organisation: &Organisation,
    name: Title,
) -> Result<Vec<OrganisationEvent>, OrganisationError> {
    match organisation.stage {
        Stage::Absent => Ok(vec![OrganisationEvent::Founded { name }]),
        Stage::Live | Stage::Deleted => Err(OrganisationError::NumberTaken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        organisation::{
            OrganisationCommand,
            tests::{aarhus, deleted, founded},
        },
        testing::given,
    };

    #[test]
    fn an_organisation_is_founded_once() {
        let found = || OrganisationCommand::Found { name: aarhus() };
        given::<Organisation>(&[])
            .when(found())
            .then_expect_events(vec![founded()]);
        for events in [vec![founded()], deleted()] {
            given::<Organisation>(&events)
                .when(found())
                .then_expect_error(OrganisationError::NumberTaken);
        }
    }
}
