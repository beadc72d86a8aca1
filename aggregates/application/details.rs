//! What people say about an application.

use serde::{Deserialize, Serialize};

use super::ApplicationEvent;
use crate::values::{Invalid, Timestamp};

/// How far an application has come in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ApplicationStatus {
    /// Nobody has said it.
    #[default]
    #[serde(rename = "NONE")]
    Unknown,
    /// In operation.
    #[serde(rename = "IN-OPERATION")]
    InOperation,
    /// A prototype.
    #[serde(rename = "PROTOTYPE")]
    Prototype,
    /// Something else.
    #[serde(rename = "OTHER")]
    Other,
}

impl ApplicationStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::InOperation, Self::Prototype, Self::Other];

    /// As written on the wire and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "NONE",
            Self::InOperation => "IN-OPERATION",
            Self::Prototype => "PROTOTYPE",
            Self::Other => "OTHER",
        }
    }

    /// Reads the wire form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(Invalid {
                what: "status",
                rule: "must be NONE, IN-OPERATION, PROTOTYPE or OTHER",
            })
    }
}

/// What people say about an application. The texts may name people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationDetails {
    /// What the application is for.
    pub description: Option<String>,
    /// How far it has come.
    pub status: ApplicationStatus,
    /// When it starts.
    pub start_date: Option<Timestamp>,
    /// When it ends.
    pub end_date: Option<Timestamp>,
    /// A category of the organisation's own.
    pub category: Option<String>,
    /// Who owns it.
    pub owner: Option<String>,
    /// Whom to ask about it.
    pub contact_person: Option<String>,
    /// The e-mail address of this person.
    pub contact_email: Option<String>,
    /// The telephone number of this person.
    pub contact_phone: Option<String>,
    /// Whether it processes personal data.
    pub personal_data: Option<bool>,
    /// The hardware that it uses.
    pub hardware: Option<String>,
    /// The properties that it controls.
    pub controlled_properties: Vec<String>,
    /// The types of its devices.
    pub device_types: Vec<String>,
}

impl ApplicationDetails {
    /// The event that records them.
    pub(super) fn recorded(self) -> ApplicationEvent {
        let Self {
            description,
            status,
            start_date,
            end_date,
            category,
            owner,
            contact_person,
            contact_email,
            contact_phone,
            personal_data,
            hardware,
            controlled_properties,
            device_types,
        } = self;
        ApplicationEvent::Described {
            description,
            status,
            start_date,
            end_date,
            category,
            owner,
            contact_person,
            contact_email,
            contact_phone,
            personal_data,
            hardware,
            controlled_properties,
            device_types,
        }
    }

    /// The details that an event records, if it records any.
    pub fn of(event: &ApplicationEvent) -> Option<Self> {
        match event.clone() {
            ApplicationEvent::Described {
                description,
                status,
                start_date,
                end_date,
                category,
                owner,
                contact_person,
                contact_email,
                contact_phone,
                personal_data,
                hardware,
                controlled_properties,
                device_types,
            } => Some(Self {
                description,
                status,
                start_date,
                end_date,
                category,
                owner,
                contact_person,
                contact_email,
                contact_phone,
                personal_data,
                hardware,
                controlled_properties,
                device_types,
            }),
            ApplicationEvent::Created { .. }
            | ApplicationEvent::Renamed { .. }
            | ApplicationEvent::Moved { .. }
            | ApplicationEvent::Deleted {} => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::tests::details;

    #[test]
    fn an_event_records_all_details() {
        assert_eq!(ApplicationDetails::of(&details().recorded()), Some(details()));
        assert_eq!(ApplicationDetails::of(&ApplicationEvent::Deleted {}), None);
    }

    #[test]
    fn a_status_is_read_as_it_is_written() {
        for status in ApplicationStatus::ALL {
            assert_eq!(ApplicationStatus::parse(status.as_str()), Ok(status));
            assert_eq!(serde_json::json!(status), status.as_str());
        }
        assert!(ApplicationStatus::parse("none").is_err());
    }
}
