//! Give an application to another organisation.

use super::{Application, ApplicationError, ApplicationEvent};
use crate::values::OrganisationId;

pub(super) fn decide(
    application: &Application,
    from: OrganisationId,
    to: OrganisationId,
) -> Result<Vec<ApplicationEvent>, ApplicationError> {
    application.must_exist()?;
    match application.organisation {
        Some(present) if present != from => Err(ApplicationError::MovedMeanwhile),
        Some(present) if present == to => Ok(Vec::new()),
        _ => Ok(vec![ApplicationEvent::Moved { organisation: to }]),
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

    fn give(from: i64, to: i64) -> ApplicationCommand {
        ApplicationCommand::Move {
            from: organisation(from),
            to: organisation(to),
        }
    }

    #[test]
    fn an_application_moves() {
        let organisation = organisation(4);
        given::<Application>(&[created()])
            .when(give(3, 4))
            .then_expect_events(vec![ApplicationEvent::Moved { organisation }]);
        given::<Application>(&[created()])
            .when(give(3, 3))
            .then_expect_events(vec![]);
    }

    #[test]
    fn an_application_that_moved_meanwhile_stays() {
        given::<Application>(&[created()])
            .when(give(4, 5))
            .then_expect_error(ApplicationError::MovedMeanwhile);
    }

    #[test]
    fn no_application_does_not_move() {
        for events in [vec![], deleted()] {
            given::<Application>(&events)
                .when(give(3, 4))
                .then_expect_error(ApplicationError::NotFound);
        }
    }
}
