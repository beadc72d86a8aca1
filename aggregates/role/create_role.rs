//! Make a role.

use std::collections::BTreeMap;

use super::{CreateRole, Role, RoleError, RoleEvent, Stage};
use crate::permission_set;

pub(super) fn decide(role: &Role, command: CreateRole) -> Result<Vec<RoleEvent>, RoleError> {
    if role.stage != Stage::Absent {
        return Err(RoleError::AlreadyExists);
    }
    let permissions = permission_set::replace(&BTreeMap::new(), command.permissions)?.added;

    let mut events = vec![RoleEvent::Created {
        name: command.name,
        is_shared: command.is_shared,
        auto_generated: command.auto_generated,
        protected: command.protected,
    }];
    events.extend(
        permissions
            .into_iter()
            .map(|permission| RoleEvent::PermissionAdded { permission }),
    );
    Ok(events)
}
