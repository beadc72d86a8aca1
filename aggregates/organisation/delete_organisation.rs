//! Delete an organisation.

use super::{Organisation, OrganisationError, OrganisationEvent};

pub(super) fn decide(organisation: &Organisation) -> Result<Vec<OrganisationEvent>, OrganisationError> {
    organisation.must_exist()?;
    Ok(vec![OrganisationEvent::Deleted {}])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        organisation::{
            OrganisationCommand,
            tests::{deleted, founded},
        },
        testing::given,
    };

    #[test]
    fn an_organisation_is_deleted_once() {
        given::<Organisation>(&[founded()])
            .when(OrganisationCommand::Delete)
            .then_expect_events(vec![OrganisationEvent::Deleted {}]);
        for events in [vec![], deleted()] {
            given::<Organisation>(&events)
                .when(OrganisationCommand::Delete)
                .then_expect_error(OrganisationError::NotFound);
        }
    }
}
