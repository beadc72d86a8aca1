//! An application for the tests of its decisions, and what its commands say of themselves.

use super::*;
use crate::{
    testing::{commands_begin_streams_as_they_say, folded},
    values::Ordinal,
};

pub(super) fn organisation(number: i64) -> OrganisationId {
    OrganisationId::of(Ordinal::new(number).unwrap())
}

pub(super) fn details() -> ApplicationDetails {
    ApplicationDetails {
        owner: Some("Roads and parks".to_owned()),
        status: ApplicationStatus::Prototype,
        ..ApplicationDetails::default()
    }
}

/// Creates an application of organisation 3.
pub(super) fn create(details: ApplicationDetails) -> ApplicationCommand {
    ApplicationCommand::Create {
        organisation: organisation(3),
        name: "Parking".parse().unwrap(),
        details: Box::new(details),
    }
}

/// The event to which [`create`] leads.
pub(super) fn created() -> ApplicationEvent {
    ApplicationEvent::Created {
        organisation: organisation(3),
        name: "Parking".parse().unwrap(),
    }
}

pub(super) fn deleted() -> Vec<ApplicationEvent> {
    vec![created(), ApplicationEvent::Deleted {}]
}

#[test]
fn only_creation_begins_a_stream() {
    commands_begin_streams_as_they_say::<Application>(|command| {
        Some(match command {
            None => create(details()),
            Some(ApplicationCommand::Create { .. }) => ApplicationCommand::Change {
                name: None,
                details: None,
            },
            Some(ApplicationCommand::Change { .. }) => ApplicationCommand::Move {
                from: organisation(3),
                to: organisation(4),
            },
            Some(ApplicationCommand::Move { from, .. }) => ApplicationCommand::Delete { of: *from },
            Some(ApplicationCommand::Delete { .. }) => return None,
        })
    });
}

#[test]
fn an_application_is_what_its_events_tell() {
    let name = "Cars".parse().unwrap();
    let application: Application = folded([
        created(),
        details().recorded(),
        ApplicationEvent::Renamed { name },
        ApplicationEvent::Moved {
            organisation: organisation(4),
        },
    ]);
    assert!(application.exists());
    assert_eq!(application.name, "Cars");
    assert_eq!(application.organisation, Some(organisation(4)));
    assert_eq!(application.details, details());
    assert!(!folded::<Application>(deleted()).exists());
}
