//! Let a role no longer give a permission.

use super::{Role, RoleError, RoleEvent};
use crate::values::PermissionId;

pub(super) fn decide(role: &Role, id: PermissionId) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_exist()?;
    if !role.permissions.contains_key(&id) {
        return Err(RoleError::PermissionNotFound);
    }
    role.may_become(vec![RoleEvent::PermissionRemoved { id }])
}
