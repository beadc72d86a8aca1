//! Applications, as the table stores them.

use aggregates::{
    application::{ApplicationDetails, ApplicationStatus},
    sealing::ERASED,
    values::{ApplicationId, OrganisationId, Timestamp, UserId},
};

use super::ApplicationRow;
use crate::{
    numbered::folded,
    store::{Key, Personal, Sorted, columns, unreadable},
};

/// A time that may be missing, as a number: what has no time comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Option<Timestamp>);

impl Moment {
    fn number(self) -> i64 {
        self.0.map_or(i64::MAX, Timestamp::micros)
    }
}

impl Sorted for Moment {
    fn sort_key(&self) -> Key<'_> {
        Key::Int(self.number())
    }
}

/// A yes or no that may be missing, as a number: what has none comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer(pub(crate) Option<bool>);

impl Answer {
    fn number(self) -> i64 {
        self.0.map_or(2, i64::from)
    }
}

impl Sorted for Answer {
    fn sort_key(&self) -> Key<'_> {
        Key::Int(self.number())
    }
}

/// The text by which a text that may be missing is sorted: what has none comes last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextKey(String);

/// Before each text, and in the place of a missing one: it sorts after the former.
const GIVEN: &str = "=";
const MISSING: &str = ">";

impl TextKey {
    pub(crate) fn of(text: Option<&str>) -> Self {
        Self(text.map_or_else(|| MISSING.to_owned(), |text| format!("{GIVEN}{}", folded(text))))
    }
}

impl Sorted for TextKey {
    fn sort_key(&self) -> Key<'_> {
        Key::Text(&self.0)
    }
}

impl Personal for TextKey {
    fn blank(&mut self) {
        if self.0 != MISSING {
            *self = Self::of(Some(ERASED));
        }
    }
}

impl Sorted for ApplicationStatus {
    fn sort_key(&self) -> Key<'_> {
        Key::Int(place(*self))
    }
}

/// The place of a status among all.
fn place(status: ApplicationStatus) -> i64 {
    match status {
        ApplicationStatus::Unknown => 0,
        ApplicationStatus::InOperation => 1,
        ApplicationStatus::Prototype => 2,
        ApplicationStatus::Other => 3,
    }
}

columns! {
    Moment: Int, |value| value.number(),
        |row, n| Ok(Self(Some(row.int(n)?).filter(|time| *time != i64::MAX).map(Timestamp::from_micros)));
    Answer: Int, |value| value.number(), |row, n| match row.int(n)? {
        0 => Ok(Self(Some(false))),
        1 => Ok(Self(Some(true))),
        2 => Ok(Self(None)),
        _ => Err(unreadable("not an answer")),
    };
    TextKey: Text, |value| value.0.as_str(), |row, n| row.text(n).map(Self);
    ApplicationStatus: Int, |value| place(*value), |row, n| {
        let stored = row.int(n)?;
        let found = Self::ALL.into_iter().find(|status| place(*status) == stored);
        found.ok_or_else(|| unreadable("not a status"))
    };
    Vec<String>: Text, |value| serde_json::json!(value).to_string(),
        |row, n| serde_json::from_str(row.str(n)?).map_err(unreadable);
}

crate::record! {
    /// A row of `applications`.
    pub(crate) struct ApplicationRecord in "applications" {
        pub(crate) number: ApplicationId,
        pub(crate) ordinal: i64,
        pub(crate) organisation: OrganisationId,
        pub(crate) name: String,
        pub(crate) name_key: String,
        pub(crate) description: Option<String>,
        pub(crate) status: ApplicationStatus,
        pub(crate) start_date: Moment,
        pub(crate) end_date: Moment,
        pub(crate) category: Option<String>,
        pub(crate) owner: Option<String>,
        pub(crate) owner_key: TextKey,
        pub(crate) contact_person: Option<String>,
        pub(crate) contact_person_key: TextKey,
        pub(crate) contact_email: Option<String>,
        pub(crate) contact_phone: Option<String>,
        pub(crate) personal_data: Answer,
        pub(crate) hardware: Option<String>,
        /// JSON.
        pub(crate) controlled_properties: Vec<String>,
        /// JSON.
        pub(crate) device_types: Vec<String>,
        pub(crate) created_at: Timestamp,
        /// The actor of the event; null for the system.
        pub(crate) created_by: Option<UserId>,
        pub(crate) updated_at: Timestamp,
        /// The actor of the event; null for the system.
        pub(crate) updated_by: Option<UserId>,
    }
    key(number: ApplicationId)
    lists by ordinal { ALL = "applications"; }
    lists of { OF_ORGANISATION = "applications of organisation" organisation; }
    orders {
        BY_NAME = name_key;
        BY_CHANGE = updated_at;
        BY_STATUS = status;
        BY_START = start_date;
        BY_END = end_date;
        BY_OWNER = owner_key;
        BY_CONTACT = contact_person_key;
        BY_PERSONAL_DATA = personal_data;
    }
    finds { WITH_NUMBER = number: ApplicationId; }
    personal {
        description, category, owner, owner_key, contact_person, contact_person_key, contact_email, contact_phone, hardware
    } where number = |user| ApplicationId::from_uuid(user.0);
}

impl ApplicationRecord {
    /// Takes all details.
    pub(crate) fn describe(&mut self, details: ApplicationDetails) {
        let ApplicationDetails {
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
        } = details;
        self.description = description;
        self.status = status;
        self.start_date = Moment(start_date);
        self.end_date = Moment(end_date);
        self.category = category;
        self.owner_key = TextKey::of(owner.as_deref());
        self.owner = owner;
        self.contact_person_key = TextKey::of(contact_person.as_deref());
        self.contact_person = contact_person;
        self.contact_email = contact_email;
        self.contact_phone = contact_phone;
        self.personal_data = Answer(personal_data);
        self.hardware = hardware;
        self.controlled_properties = controlled_properties;
        self.device_types = device_types;
    }

    /// The application as clients see it.
    pub(crate) fn into_row(self) -> ApplicationRow {
        ApplicationRow {
            id: self.number,
            organisation: self.organisation,
            name: self.name,
            details: ApplicationDetails {
                description: self.description,
                status: self.status,
                start_date: self.start_date.0,
                end_date: self.end_date.0,
                category: self.category,
                owner: self.owner,
                contact_person: self.contact_person,
                contact_email: self.contact_email,
                contact_phone: self.contact_phone,
                personal_data: self.personal_data.0,
                hardware: self.hardware,
                controlled_properties: self.controlled_properties,
                device_types: self.device_types,
            },
            created_at: self.created_at,
            created_by: self.created_by,
            updated_at: self.updated_at,
            updated_by: self.updated_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_comes_last() {
        assert!(TextKey::of(Some("\u{10ffff}")).0 < TextKey::of(None).0);
        assert!(TextKey::of(Some("a")).0 < TextKey::of(Some("B")).0);
        assert!(Moment(Some(Timestamp::from_micros(7))).number() < Moment(None).number());
        assert!(Answer(Some(false)).number() < Answer(Some(true)).number());
        assert!(Answer(Some(true)).number() < Answer(None).number());
    }

    #[test]
    fn an_erased_text_is_sorted_as_what_replaces_it() {
        let (mut given, mut missing) = (TextKey::of(Some("Ada")), TextKey::of(None));
        given.blank();
        missing.blank();
        assert_eq!((given, missing), (TextKey::of(Some(ERASED)), TextKey::of(None)));
    }
}
