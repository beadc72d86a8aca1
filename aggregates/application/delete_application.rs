//! Delete an application.

use super::{Application, ApplicationError, ApplicationEvent};
use crate::values::OrganisationId;

pub(super) fn decide(
    application: &Application,
    of: OrganisationId,
) -> Result<Vec<ApplicationEvent>, ApplicationError> {
    application.must_exist()?;
    match application.organisation == Some(of) {
        true => Ok(vec![ApplicationEvent::Deleted {}]),
        false => Err(ApplicationError::MovedMeanwhile),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        application::{
            ApplicationCommand,
            tests::{created, deleted, organisation},
        },
        testing::given,
    };

    fn delete(organisation_number: i64) -> ApplicationCommand {
        ApplicationCommand::Delete {
            of: organisation(organisation_number),
        }
    }

    #[test]
    fn an_application_is_deleted_once() {
        given::<Application>(&[created()])
            .when(delete(3))
            .then_expect_events(vec![ApplicationEvent::Deleted {}]);
        for events in [vec![], deleted()] {
            given::<Application>(&events)
                .when(delete(3))
                .then_expect_error(ApplicationError::NotFound);
        }
    }

    #[test]
    fn an_application_that_moved_meanwhile_stays() {
        given::<Application>(&[created()])
            .when(delete(4))
            .then_expect_error(ApplicationError::MovedMeanwhile);
    }
}
