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
    /// All read models. For an event of a user, the directory of roles looks at the user's name and permissions as the
    /// directory of users leaves them and as the usage of permissions has them before.
    pub const READ_MODELS = UserDirectory, RoleDirectory, PermissionUsage, Sessions;
}

/// Takes these events, the next of the ledger in its order, into the read models.
pub async fn apply(tx: &mut Tx<'_>, events: &[Recorded]) -> Result<(), Error> {
    READ_MODELS.apply(tx, events).await
}

/// Blanks what is personal about somebody whose key is erased, as a rebuild from then on would.
pub async fn erase(tx: &mut Tx<'_>, subject: &str) -> Result<(), Error> {
    // Read models hold personal data about users only.
    match UserId::parse(subject) {
        Ok(user) => READ_MODELS.erase(tx, user).await,
        Err(_) => Ok(()),
    }
}
