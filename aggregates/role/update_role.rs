//! Change what is given of a role, all or nothing.

use super::{Role, RoleError, RoleEvent, UpdateRole};
use crate::permission_set;

pub(super) fn decide(role: &Role, command: UpdateRole) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_exist()?;
    let mut events = Vec::new();
    if let Some(name) = command.name.filter(|name| **name != *role.name) {
        events.push(RoleEvent::Renamed { name });
    }
    if let Some(is_shared) = command.is_shared.filter(|new| *new != role.is_shared) {
        events.push(RoleEvent::SharingChanged { is_shared });
    }
    if let Some(permissions) = command.permissions {
        let difference = permission_set::replace(&role.permissions, permissions)?;
        events.extend(
            difference
                .removed
                .into_iter()
                .map(|id| RoleEvent::PermissionRemoved { id }),
        );
        events.extend(
            difference
                .added
                .into_iter()
                .map(|permission| RoleEvent::PermissionAdded { permission }),
        );
    }
    role.may_become(events)
}
