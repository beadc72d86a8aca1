//! Accounts as clients see them.

use aggregates::values::{AccountId, Timestamp, UserId};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// The id.
    pub id: AccountId,
    /// The user.
    pub user: UserId,
    /// The person's name.
    pub name: String,
    /// The e-mail address by which the person logs in on the face.
    pub email: Option<String>,
    /// Whether the account is in use.
    pub is_active: bool,
    /// When it stops being in use; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Whether the face shows its welcome.
    pub shows_welcome: bool,
    /// Whether it is in the group of global administrators.
    pub is_global: bool,
    /// When the person logged in on the face last; `None` before the first time.
    pub last_login_at: Option<Timestamp>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Who caused that: a user, or the id of an API key; `None` for the system.
    pub created_by: Option<UserId>,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// Who caused that.
    pub updated_by: Option<UserId>,
}

impl AccountRow {
    /// Whether the person may use the face.
    pub fn may_act(&self, now: Timestamp) -> bool {
        self.is_active && self.expires_at.is_none_or(|end| now < end)
    }
}

/// By what accounts are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountSort {
    /// The number, which is the order of creation.
    Id,
    /// The person's name, without case.
    Name,
    /// When the person logged in last. Who never did comes last.
    LastLogin,
    /// When the account stops being in use. Accounts that never do come last.
    ExpiresAt,
}
