//! Give a user a permission of their own.

use super::{User, UserError, UserEvent};
use crate::{permission_set, values::Permission};

pub(super) fn decide(user: &User, permission: Permission) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    let added = permission_set::add(&user.permissions, permission)?;
    Ok(added
        .into_iter()
        .map(|permission| UserEvent::PermissionGranted { permission })
        .collect())
}
