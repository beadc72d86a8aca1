//! Groups, as the tables store them.

use aggregates::values::{ApplicationId, GroupId, Level, OrganisationId, Timestamp, UserId};

use super::GroupRow;
use crate::store::{columns, unreadable};

columns! {
    Vec<Level>: Text, |value| serde_json::json!(value).to_string(),
        |row, n| serde_json::from_str(row.str(n)?).map_err(unreadable);
}

crate::record! {
    /// A row of `groups`.
    pub(crate) struct GroupRecord in "groups" {
        pub(crate) number: GroupId,
        pub(crate) ordinal: i64,
        pub(crate) name: String,
        pub(crate) name_key: String,
        /// Null for the group of global administrators.
        pub(crate) organisation: Option<OrganisationId>,
        /// JSON.
        pub(crate) levels: Vec<Level>,
        pub(crate) adds_new_applications: bool,
        pub(crate) created_at: Timestamp,
        /// The actor of the event; null for the system.
        pub(crate) created_by: Option<UserId>,
        pub(crate) updated_at: Timestamp,
        /// The actor of the event; null for the system.
        pub(crate) updated_by: Option<UserId>,
    }
    key(number: GroupId)
    lists by ordinal { ALL = "groups"; }
    orders { BY_NAME = name_key; }
    finds { WITH_NUMBER = number: GroupId; }
}

impl GroupRecord {
    /// The group as clients see it.
    pub(crate) fn into_row(self) -> GroupRow {
        GroupRow {
            id: self.number,
            name: self.name,
            organisation: self.organisation,
            levels: self.levels,
            adds_new_applications: self.adds_new_applications,
            created_at: self.created_at,
            created_by: self.created_by,
            updated_at: self.updated_at,
            updated_by: self.updated_by,
        }
    }
}

crate::record! {
    /// A row of `group_applications`. `group` is a word of SQL.
    pub(crate) struct GroupApplicationRecord in "group_applications" {
        pub(crate) group_number: GroupId,
        pub(crate) application: ApplicationId,
    }
    key(group_number: GroupId, application: ApplicationId)
    sets { OF_GROUP = group_number: GroupId; }
    finds { OF_APPLICATION = application: ApplicationId; }
}
