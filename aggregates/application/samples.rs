//! One event of each kind, with every optional field filled. The golden files are made from these events.

use super::{ApplicationDetails, ApplicationEvent, ApplicationStatus};
use crate::values::{Invalid, Ordinal, OrganisationId, Timestamp};

pub(super) fn all() -> Result<Vec<ApplicationEvent>, Invalid> {
    let text = |text: &str| Some(text.to_owned());
    let details = ApplicationDetails {
        description: text("Finds free places"),
        status: ApplicationStatus::InOperation,
        start_date: Some(Timestamp::from_micros(1_767_225_600_000_000)),
        end_date: Some(Timestamp::from_micros(1_798_761_600_000_000)),
        category: text("Traffic"),
        owner: text("Roads and parks"),
        contact_person: text("Ada Example"),
        contact_email: text("ada@example.org"),
        contact_phone: text("+45 12345678"),
        personal_data: Some(true),
        hardware: text("Loops"),
        controlled_properties: vec!["occupancy".into()],
        device_types: vec!["other".into()],
    };
    Ok(vec![
        ApplicationEvent::Created {
            organisation: OrganisationId::of(Ordinal::FIRST),
            name: "Parking".parse()?,
        },
        ApplicationEvent::Renamed {
            name: "Cars".parse()?,
        },
        details.recorded(),
        ApplicationEvent::Moved {
            organisation: OrganisationId::of(Ordinal::LAST),
        },
        ApplicationEvent::Deleted {},
    ])
}
