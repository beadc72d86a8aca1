//! Take a role from a user.

use super::{User, UserError, UserEvent};
use crate::values::RoleId;

pub(super) fn decide(user: &User, role_id: RoleId) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if !user.roles.contains_key(&role_id) {
        return Err(UserError::RoleNotHeld(role_id));
    }
    Ok(vec![UserEvent::RoleRevoked { role_id }])
}
