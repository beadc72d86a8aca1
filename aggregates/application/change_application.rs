//! Change what is given of an application.

use super::{Application, ApplicationDetails, ApplicationError, ApplicationEvent};
use crate::values::Title;

pub(super) fn decide(
    application: &Application,
    name: Option<Title>,
    details: Option<Box<ApplicationDetails>>,
) -> Result<Vec<ApplicationEvent>, ApplicationError> {
    application.must_exist()?;
    let name = name.filter(|name| **name != *application.name);
    let renamed = name.map(|name| ApplicationEvent::Renamed { name });
    let details = details.filter(|details| **details != application.details);
    let described = details.map(|details| details.recorded());
    Ok(renamed.into_iter().chain(described).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        application::{
            ApplicationCommand,
            tests::{created, deleted, details},
        },
        testing::given,
    };

    #[test]
    fn what_is_given_and_differs_changes() {
        let change = || ApplicationCommand::Change {
            name: "Cars".parse().ok(),
            details: Some(Box::new(details())),
        };
        let name = "Cars".parse().unwrap();
        let events = vec![ApplicationEvent::Renamed { name }, details().recorded()];
        given::<Application>(&[created()])
            .when(change())
            .then_expect_events(events.clone());
        given::<Application>(&[vec![created()], events].concat())
            .when(change())
            .then_expect_events(vec![]);
        let nothing = ApplicationCommand::Change {
            name: None,
            details: None,
        };
        given::<Application>(&[created()])
            .when(nothing)
            .then_expect_events(vec![]);
    }

    #[test]
    fn no_application_does_not_change() {
        for events in [vec![], deleted()] {
            let change = ApplicationCommand::Change {
                name: None,
                details: None,
            };
            given::<Application>(&events)
                .when(change)
                .then_expect_error(ApplicationError::NotFound);
        }
    }
}
