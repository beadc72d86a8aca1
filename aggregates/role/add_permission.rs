//! Let a role give one more permission.

use super::{Role, RoleError, RoleEvent};
use crate::{permission_set, values::Permission};

pub(super) fn decide(role: &Role, permission: Permission) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_exist()?;
    let added = permission_set::add(&role.permissions, permission)?;
    role.may_become(
        added
            .into_iter()
            .map(|permission| RoleEvent::PermissionAdded { permission })
            .collect(),
    )
}
