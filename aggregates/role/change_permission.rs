//! Let a permission of a role say something else.

use super::{Role, RoleError, RoleEvent};
use crate::values::{Operation, Permission, PermissionId, TopicFilter};

/// The context stays. The permission may come to say the same as another one: their ids tell them apart.
pub(super) fn decide(
    role: &Role,
    id: PermissionId,
    resource: Option<TopicFilter>,
    operation: Option<Operation>,
) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_exist()?;
    let held = role.permissions.get(&id).ok_or(RoleError::PermissionNotFound)?;
    let resource = resource.unwrap_or_else(|| held.resource.clone());
    let operation = operation.unwrap_or(held.operation);
    let changed =
        Permission::new(id, resource, operation, held.context).map_err(|_| RoleError::ResourceNotAPath)?;
    if changed == *held {
        return Ok(Vec::new());
    }
    let Permission {
        resource, operation, ..
    } = changed;
    role.may_become(vec![RoleEvent::PermissionChanged {
        id,
        resource,
        operation,
    }])
}
