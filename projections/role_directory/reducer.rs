//! What becomes of the read models when something happens to a role.

use aggregates::{Recorded, role::RoleEvent, values::RoleId};

use super::record::RoleRecord;
use crate::{read_models::Changes, sql::Error};

/// Takes an event of the role `id`. What concerns an unknown role changes nothing.
pub(crate) fn reduce(
    changes: &mut Changes,
    at: &Recorded,
    id: RoleId,
    event: &RoleEvent,
) -> Result<(), Error> {
    match event {
        RoleEvent::Created {
            name,
            is_shared,
            auto_generated,
            protected,
        } => {
            let role = RoleRecord {
                id,
                ordinal: at.position,
                name: name.to_string(),
                is_shared: *is_shared,
                auto_generated: *auto_generated,
                protected: *protected,
                owner: None,
                own_permissions: 0,
                created_at: at.recorded_at,
            };
            changes.lists.add(role.list(), role.ordinal);
            changes.roles.put(id, role);
        }
        RoleEvent::Renamed { name } => {
            if let Some(role) = changes.roles.change(&id)? {
                role.name = name.to_string();
            }
        }
        RoleEvent::SharingChanged { is_shared } => {
            if let Some(role) = changes.roles.change(&id)? {
                changes.lists.remove(role.list(), role.ordinal);
                role.is_shared = *is_shared;
                changes.lists.add(role.list(), role.ordinal);
            }
        }
        RoleEvent::PermissionAdded { permission } => changes.add_permission(at.position, id, permission)?,
        RoleEvent::PermissionChanged {
            id: permission,
            resource,
            operation,
        } => {
            changes.change_permission(at.position, id, *permission, resource, *operation)?;
        }
        RoleEvent::PermissionRemoved { id: permission } => {
            changes.remove_permission(id, *permission)?;
        }
        RoleEvent::Deleted {} => delete(changes, id)?,
    }
    Ok(())
}

fn delete(changes: &mut Changes, id: RoleId) -> Result<(), Error> {
    let Some(role) = changes.roles.remove(&id)? else {
        return Ok(());
    };
    changes.lists.remove(role.list(), role.ordinal);
    changes.remove_permissions_of(id)?;
    changes.holders.take(|(_, role), _| *role == id);
    changes.purges.holders_of.insert(id);
    Ok(())
}
