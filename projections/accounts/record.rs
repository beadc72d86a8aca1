//! Accounts, as the tables store them.

use aggregates::values::{AccountId, GroupId, OrganisationId, Timestamp, UserId};

use super::AccountRow;

crate::record! {
    /// A row of `accounts`.
    pub(crate) struct AccountRecord in "accounts" {
        pub(crate) number: AccountId,
        pub(crate) ordinal: i64,
        pub(crate) user_id: UserId,
        pub(crate) name: String,
        pub(crate) name_key: String,
        pub(crate) email: Option<String>,
        /// The address in lower case.
        pub(crate) email_key: Option<String>,
        pub(crate) is_active: bool,
        pub(crate) expires_at: Option<Timestamp>,
        pub(crate) shows_welcome: bool,
        /// Whether one of the groups is of no organisation.
        pub(crate) is_global: bool,
        /// Null before the first login on os2iot.
        pub(crate) last_login_at: Option<Timestamp>,
        pub(crate) created_at: Timestamp,
        /// The actor of the event; null for the system.
        pub(crate) created_by: Option<UserId>,
        pub(crate) updated_at: Timestamp,
        /// The actor of the event; null for the system.
        pub(crate) updated_by: Option<UserId>,
    }
    key(number: AccountId)
    lists by ordinal { ALL = "accounts"; }
    orders { BY_NAME = name_key; }
    sets { ALL_OF_USER = user_id: UserId; }
    finds {
        WITH_NUMBER = number: AccountId;
        OF_USER = user_id: UserId;
        WITH_EMAIL = email_key: Option<String>;
    }
    personal { name, name_key, email, email_key } where user_id = |user| user;
}

impl AccountRecord {
    /// The account as clients see it.
    pub(crate) fn into_row(self) -> AccountRow {
        AccountRow {
            id: self.number,
            user: self.user_id,
            name: self.name,
            email: self.email,
            is_active: self.is_active,
            expires_at: self.expires_at,
            shows_welcome: self.shows_welcome,
            is_global: self.is_global,
            last_login_at: self.last_login_at,
            created_at: self.created_at,
            created_by: self.created_by,
            updated_at: self.updated_at,
            updated_by: self.updated_by,
        }
    }
}

crate::record! {
    /// A row of `account_groups`. `group` is a word of SQL.
    pub(crate) struct AccountGroupRecord in "account_groups" {
        pub(crate) account: AccountId,
        pub(crate) group_number: GroupId,
    }
    key(account: AccountId, group_number: GroupId)
    sets { OF_ACCOUNT = account: AccountId; }
}

crate::record! {
    /// A row of `account_organisations`: where the account is.
    pub(crate) struct AccountPlaceRecord in "account_organisations" {
        pub(crate) account: AccountId,
        pub(crate) organisation: OrganisationId,
    }
    key(account: AccountId, organisation: OrganisationId)
    sets { OF_ACCOUNT = account: AccountId; }
}

crate::record! {
    /// A row of `account_requests`.
    pub(crate) struct RequestRecord in "account_requests" {
        pub(crate) account: AccountId,
        pub(crate) organisation: OrganisationId,
    }
    key(account: AccountId, organisation: OrganisationId)
    sets { OF_ACCOUNT = account: AccountId; OF_ORGANISATION = organisation: OrganisationId; }
}
