//! All read models: the only list of them.

use aggregates::{Recorded, values::UserId};

use crate::{
    permission_usage::PermissionUsage,
    role_directory::RoleDirectory,
    sessions::Sessions,
    store::sql::{Error, Tx},
    user_directory::UserDirectory,
};

crate::read_models! {
    /// All read models. For an event of a user, the role directory needs the user's name as the user directory leaves
    /// it, and the user's permissions as the permission usage has them before the event.
    pub const READ_MODELS = UserDirectory, RoleDirectory, PermissionUsage, Sessions;
}

/// Applies these events, which are the next of the ledger in its order, to the read models.
pub async fn apply(tx: &mut Tx<'_>, events: &[Recorded]) -> Result<(), Error> {
    READ_MODELS.apply(tx, events).await
}

/// Blanks the personal data of a person whose key is erased. A rebuild after the erasure gives the same rows.
pub async fn erase(tx: &mut Tx<'_>, subject: &str) -> Result<(), Error> {
    // Read models hold personal data about users only.
    match UserId::parse(subject) {
        Ok(user) => READ_MODELS.erase(tx, user).await,
        Err(_) => Ok(()),
    }
}
