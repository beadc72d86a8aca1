//! What can happen to an application.

use super::ApplicationStatus;
use crate::{
    declared::events,
    values::{OrganisationId, Timestamp, Title},
};

events! {
    /// A fact about an application. Stored names and fields never change: for a change, add a version and an upcaster.
    #[expect(clippy::large_enum_variant, reason = "the details are one event, and no event is kept in memory for long")]
    pub enum ApplicationEvent {
        /// The application exists from now on. Its details may follow as a separate event.
        "application.created" version 1 => Created {
            /// The organisation to which it belongs.
            organisation: OrganisationId as open,
            /// The name.
            name: Title as open,
        },
        /// The application has another name.
        "application.renamed" version 1 => Renamed {
            /// The new name.
            name: Title as open,
        },
        /// These are all details of the application from now on. The texts may name people.
        "application.described" version 1 => Described {
            /// What the application is for.
            description: Option<String> as personal,
            /// How far it has come.
            status: ApplicationStatus as open,
            /// When it starts.
            start_date: Option<Timestamp> as open,
            /// When it ends.
            end_date: Option<Timestamp> as open,
            /// A category of the organisation's own.
            category: Option<String> as personal,
            /// Who owns it.
            owner: Option<String> as personal,
            /// Whom to ask about it.
            contact_person: Option<String> as personal,
            /// The e-mail address of this person.
            contact_email: Option<String> as personal,
            /// The telephone number of this person.
            contact_phone: Option<String> as personal,
            /// Whether it processes personal data.
            personal_data: Option<bool> as open,
            /// The hardware that it uses.
            hardware: Option<String> as personal,
            /// The properties that it controls.
            controlled_properties: Vec<String> as open,
            /// The types of its devices.
            device_types: Vec<String> as open,
        },
        /// The application belongs to another organisation.
        "application.moved" version 1 => Moved {
            /// The organisation to which it belongs from now on.
            organisation: OrganisationId as open,
        },
        /// The application is deleted. Its number is never used again.
        "application.deleted" version 1 => Deleted {},
    }
}
