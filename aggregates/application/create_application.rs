//! Create an application.

use super::{Application, ApplicationDetails, ApplicationError, ApplicationEvent, Stage};
use crate::values::{OrganisationId, Title};

pub(super) fn decide(
    application: &Application,
    organisation: OrganisationId,
    name: Title,
    details: ApplicationDetails,
) -> Result<Vec<ApplicationEvent>, ApplicationError> {
    if application.stage != Stage::Absent {
        return Err(ApplicationError::NumberTaken);
    }
    let created = ApplicationEvent::Created { organisation, name };
    let described = (details != ApplicationDetails::default()).then(|| details.recorded());
    Ok(std::iter::once(created).chain(described).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        application::tests::{create, created, deleted, details},
        testing::given,
    };

    #[test]
    fn an_application_is_created_with_what_is_said_about_it() {
        given::<Application>(&[])
            .when(create(ApplicationDetails::default()))
            .then_expect_events(vec![created()]);
        given::<Application>(&[])
            .when(create(details()))
            .then_expect_events(vec![created(), details().recorded()]);
    }

    #[test]
    fn a_number_is_used_once() {
        for events in [vec![created()], deleted()] {
            given::<Application>(&events)
                .when(create(details()))
                .then_expect_error(ApplicationError::NumberTaken);
        }
    }
}
