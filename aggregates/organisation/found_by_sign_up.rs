//! Found the organisation of somebody who signs up.

use super::{Organisation, OrganisationError, OrganisationEvent, Stage};
use crate::values::Title;

pub(super) fn decide(
    organisation: &Organisation,
    name: Title,
) -> Result<Vec<OrganisationEvent>, OrganisationError> {
    match organisation.stage {
        Stage::Absent => Ok(vec![OrganisationEvent::FoundedBySignUp { name }]),
        Stage::Live | Stage::Deleted => Err(OrganisationError::NumberTaken),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        organisation::{
            OrganisationCommand,
            tests::{aarhus, deleted, founded, founded_by_sign_up},
        },
        testing::given,
    };

    #[test]
    fn it_is_founded_once() {
        let found = || OrganisationCommand::FoundBySignUp { name: aarhus() };
        given::<Organisation>(&[])
            .when(found())
            .then_expect_events(vec![founded_by_sign_up()]);
        for events in [vec![founded()], vec![founded_by_sign_up()], deleted()] {
            given::<Organisation>(&events)
                .when(found())
                .then_expect_error(OrganisationError::NumberTaken);
        }
    }

    #[test]
    fn administrators_of_other_apis_do_not_change_it() {
        for command in [
            OrganisationCommand::Rename { name: aarhus() },
            OrganisationCommand::Delete,
        ] {
            given::<Organisation>(&[founded_by_sign_up()])
                .when(command)
                .then_expect_error(OrganisationError::NotFound);
        }
    }
}
