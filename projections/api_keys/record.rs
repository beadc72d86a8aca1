//! API keys, as the tables store them.

use aggregates::values::{AccountId, ApiKeyId, GroupId, KeyDigest, OrganisationId, Timestamp, UserId};

use super::ApiKeyRow;
use crate::store::{columns, unreadable};

columns! {
    KeyDigest: Bytes, |value| value.bytes().to_vec(),
        |row, n| row.bytes(n)?.try_into().map(Self::new).map_err(|_| unreadable("the digest of a key must have 32 bytes"));
}

crate::record! {
    /// A row of `api_keys`.
    pub(crate) struct ApiKeyRecord in "api_keys" {
        pub(crate) number: ApiKeyId,
        pub(crate) ordinal: i64,
        pub(crate) name: String,
        pub(crate) name_key: String,
        pub(crate) prefix: String,
        pub(crate) digest: KeyDigest,
        pub(crate) expires_at: Option<Timestamp>,
        pub(crate) system_user: AccountId,
        /// Whether one of the groups is of no organisation.
        pub(crate) is_global: bool,
        pub(crate) created_at: Timestamp,
        /// The actor of the event; null for the system.
        pub(crate) created_by: Option<UserId>,
        pub(crate) updated_at: Timestamp,
        /// The actor of the event; null for the system.
        pub(crate) updated_by: Option<UserId>,
    }
    key(number: ApiKeyId)
    lists by ordinal { ALL = "api_keys"; }
    orders { BY_NAME = name_key; }
    finds { WITH_NUMBER = number: ApiKeyId; }
}

impl ApiKeyRecord {
    /// The key as clients see it.
    pub(crate) fn into_row(self) -> ApiKeyRow {
        ApiKeyRow {
            id: self.number,
            name: self.name,
            prefix: self.prefix,
            digest: self.digest,
            expires_at: self.expires_at,
            system_user: self.system_user,
            is_global: self.is_global,
            created_at: self.created_at,
            created_by: self.created_by,
            updated_at: self.updated_at,
            updated_by: self.updated_by,
        }
    }
}

crate::record! {
    /// A row of `api_key_groups`. `group` is a word of SQL.
    pub(crate) struct ApiKeyGroupRecord in "api_key_groups" {
        pub(crate) api_key: ApiKeyId,
        pub(crate) group_number: GroupId,
    }
    key(api_key: ApiKeyId, group_number: GroupId)
    sets { OF_KEY = api_key: ApiKeyId; }
}

crate::record! {
    /// A row of `api_key_organisations`: where the key is.
    pub(crate) struct ApiKeyPlaceRecord in "api_key_organisations" {
        pub(crate) api_key: ApiKeyId,
        pub(crate) organisation: OrganisationId,
    }
    key(api_key: ApiKeyId, organisation: OrganisationId)
    sets { OF_KEY = api_key: ApiKeyId; }
}
