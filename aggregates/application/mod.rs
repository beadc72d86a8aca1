//! An application of an organisation, as the os2iot face keeps it (contracts/os2iot.md, "/application").

mod change_application;
pub mod claims;
mod command;
mod create_application;
mod delete_application;
mod details;
mod error;
mod event;
mod move_application;
mod samples;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

pub use command::ApplicationCommand;
pub use details::{ApplicationDetails, ApplicationStatus};
pub use error::ApplicationError;
pub use event::ApplicationEvent;

use crate::{
    Registered,
    claim::Scope,
    values::{ApplicationId, Invalid, OrganisationId},
};

/// The state of an application, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Application {
    /// How far the application has come.
    stage: Stage,
    /// The name; empty before creation.
    pub name: String,
    /// The organisation; `None` before creation.
    pub organisation: Option<OrganisationId>,
    /// What people say about the application.
    pub details: ApplicationDetails,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Live,
    Deleted,
}

impl Application {
    /// Whether the application was created and not deleted.
    pub fn exists(&self) -> bool {
        self.stage == Stage::Live
    }

    /// `NotFound` unless the application exists.
    fn must_exist(&self) -> Result<(), ApplicationError> {
        match self.exists() {
            true => Ok(()),
            false => Err(ApplicationError::NotFound),
        }
    }
}

impl Registered for Application {
    const TYPE: &'static str = "application";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 1;
    type Id = ApplicationId;
    type Command = ApplicationCommand;
    type Event = ApplicationEvent;
    type Error = ApplicationError;

    fn decide(&self, command: ApplicationCommand) -> Result<Vec<ApplicationEvent>, ApplicationError> {
        match command {
            ApplicationCommand::Create {
                organisation,
                name,
                details,
            } => create_application::decide(self, organisation, name, *details),
            ApplicationCommand::Change { name, details } => change_application::decide(self, name, details),
            ApplicationCommand::Move { from, to } => move_application::decide(self, from, to),
            ApplicationCommand::Delete { of } => delete_application::decide(self, of),
        }
    }

    fn apply(&mut self, event: ApplicationEvent) {
        match event {
            ApplicationEvent::Created { organisation, name } => {
                *self = Self {
                    stage: Stage::Live,
                    name: name.to_string(),
                    organisation: Some(organisation),
                    details: ApplicationDetails::default(),
                }
            }
            ApplicationEvent::Renamed { name } => self.name = name.to_string(),
            ApplicationEvent::Moved { organisation } => self.organisation = Some(organisation),
            ApplicationEvent::Deleted {} => {
                *self = Self {
                    stage: Stage::Deleted,
                    ..Self::default()
                }
            }
            described @ ApplicationEvent::Described { .. } => {
                if let Some(details) = ApplicationDetails::of(&described) {
                    self.details = details;
                }
            }
        }
    }

    fn begins_a_stream(command: &ApplicationCommand) -> bool {
        match command {
            ApplicationCommand::Create { .. } => true,
            ApplicationCommand::Change { .. }
            | ApplicationCommand::Move { .. }
            | ApplicationCommand::Delete { .. } => false,
        }
    }

    /// The details name people, who need not be users. The application's own key seals them.
    fn person<'a>(&self, aggregate_id: &'a str) -> Option<Cow<'a, str>> {
        Some(Cow::Borrowed(aggregate_id))
    }

    fn samples() -> Result<Vec<ApplicationEvent>, Invalid> {
        samples::all()
    }
}
