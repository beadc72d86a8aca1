//! Claims: what an aggregate holds that nobody else may hold.
//!
//! Claims are a function of an aggregate's state. The executor compares those held before and after a
//! decision; the ledger writes the difference in the transaction that writes the events, so a taken name
//! is refused under the same lock that orders the events, and never by a reader that was too slow.

use std::collections::BTreeSet;

/// Scope of existing users, by id: what a session requires to be there.
pub const USER: &str = "user";
/// Scope of usernames. Values are personal and are stored as a keyed hash.
pub const USERNAME: &str = "username";
/// Scope of role names.
pub const ROLE_NAME: &str = "role_name";
/// Scope of existing roles, by id: what a grant requires to be there.
pub const ROLE: &str = "role";
/// Scope of certificate fingerprints: a certificate identifies one user.
pub const CERTIFICATE: &str = "certificate";
/// Scope of roles that several users may hold, by role id: what a grant that is not exclusive requires to be there.
pub const SHARED_ROLE: &str = "shared_role";
/// Scope of roles that only one user may hold, by role id.
pub const SOLE_HOLDER: &str = "sole_holder";
/// Scope of users who can administer the server, by user id. It may not become empty.
pub const ADMINISTRATOR: &str = "administrator";

/// One thing held: unique per `(scope, value)` over the whole ledger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// What kind of thing it is: one of this module's constants.
    pub scope: &'static str,
    /// The thing itself, in its normal form.
    pub value: String,
}

impl Claim {
    /// A claim of `value` in `scope`.
    pub fn new(scope: &'static str, value: impl Into<String>) -> Self {
        Self {
            scope,
            value: value.into(),
        }
    }

    /// Whether the value is personal data, so that it is stored as a keyed hash only.
    pub fn is_personal(&self) -> bool {
        self.scope == USERNAME
    }

    /// Whether the last claim of a scope must stay: giving it up is refused.
    pub fn last_must_stay(scope: &str) -> bool {
        scope == ADMINISTRATOR
    }
}

/// An aggregate that says what it holds and what it needs.
pub trait Claims {
    /// The claims held in this state by the aggregate of this id.
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim>;

    /// Claims of *others* that must exist for this state to be right, e.g. the roles a user holds. Only those
    /// that a decision adds are checked.
    fn requires(&self) -> BTreeSet<Claim> {
        BTreeSet::new()
    }
}
