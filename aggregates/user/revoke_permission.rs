//! Take from a user a permission of their own.

use super::{User, UserError, UserEvent};
use crate::values::PermissionId;

pub(super) fn decide(user: &User, id: PermissionId) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if !user.permissions.contains_key(&id) {
        return Err(UserError::PermissionNotHeld);
    }
    Ok(vec![UserEvent::PermissionRevoked { id }])
}
