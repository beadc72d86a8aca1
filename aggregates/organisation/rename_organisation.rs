//! Give an organisation another name.

use super::{Organisation, OrganisationError, OrganisationEvent};
use crate::values::Title;

pub(super) fn decide(
    organisation: &Organisation,
    name: Title,
) -> Result<Vec<OrganisationEvent>, OrganisationError> {
    organisation.must_exist()?;
    if *name == *organisation.name {
        return Ok(Vec::new());
    }
    Ok(vec![OrganisationEvent::Renamed { name }])
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
    fn an_organisation_is_renamed() {
        let name: Title = "Odense".parse().unwrap();
        given::<Organisation>(&[founded()])
            .when(OrganisationCommand::Rename { name: name.clone() })
            .then_expect_events(vec![OrganisationEvent::Renamed { name }]);
        given::<Organisation>(&[founded()])
            .when(OrganisationCommand::Rename { name: aarhus() })
            .then_expect_events(vec![]);
    }

    #[test]
    fn no_organisation_is_not_renamed() {
        for events in [vec![], deleted()] {
            given::<Organisation>(&events)
                .when(OrganisationCommand::Rename { name: aarhus() })
                .then_expect_error(OrganisationError::NotFound);
        }
    }
}
