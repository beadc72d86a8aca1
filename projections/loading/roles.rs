//! Loads roles and their permissions, and the own permissions of users: in the read models, these form a role, too.

use std::collections::HashMap;

use aggregates::values::{Permission, RoleId, RoleName};
use authorization::{LoadedRole, Loader};

use super::misfit;
use crate::{
    permission_usage::record::{PermissionRecord, ResourceKey},
    role_directory::record::RoleRecord,
    store::{
        each,
        sql::{Error, Tx},
        unreadable,
    },
};

/// Loads all roles.
pub(super) async fn load(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    let mut permissions: HashMap<RoleId, Vec<Permission>> = HashMap::new();
    each(tx, "", vec![], |held: PermissionRecord| {
        loader.made_at(held.ordinal).map_err(misfit)?;
        if held.resource_key != ResourceKey::of(held.context, &held.resource) {
            return Err(unreadable("a permission does not have its resource's key"));
        }
        permissions
            .entry(held.role_id)
            .or_default()
            .push(held.into_permission());
        Ok(())
    })
    .await?;
    each(tx, "", vec![], |role: RoleRecord| {
        let permissions = permissions.remove(&role.role_id).unwrap_or_default();
        load_role(loader, role, permissions)
    })
    .await?;
    if permissions.is_empty() {
        Ok(())
    } else {
        Err(unreadable("no role has these permissions"))
    }
}

/// Loads all roles that users may hold, and not the own permissions of users.
pub(super) async fn load_alone(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    let mut roles: HashMap<RoleId, (RoleRecord, Vec<Permission>)> = HashMap::new();
    each(tx, "", vec![], |role: RoleRecord| {
        if role.owner_user_id.is_none() {
            roles.insert(role.role_id, (role, Vec::new()));
        }
        Ok(())
    })
    .await?;
    each(tx, "", vec![], |held: PermissionRecord| {
        if let Some((_, permissions)) = roles.get_mut(&held.role_id) {
            permissions.push(held.into_permission());
        }
        Ok(())
    })
    .await?;
    let mut roles = roles.into_values();
    roles.try_for_each(|(role, permissions)| load_role(loader, role, permissions))
}

fn load_role(loader: &mut Loader, role: RoleRecord, permissions: Vec<Permission>) -> Result<(), Error> {
    let made_at = loader.made_at(role.ordinal).map_err(misfit)?;
    let own_permissions = role.owner_user_id.map_or(0, |_| permissions.len());
    if usize::try_from(role.own_permissions) != Ok(own_permissions) {
        return Err(unreadable("a user has other permissions than were counted"));
    }
    if let Some(owner) = role.owner_user_id {
        if role.role_id != owner.own_role() {
            return Err(unreadable("this role cannot be its owner's own"));
        }
        loader.own_permissions(owner, permissions);
        return Ok(());
    }
    let role = LoadedRole {
        id: role.role_id,
        made_at,
        name: RoleName::recorded(role.name),
        is_shared: role.is_shared,
        auto_generated: role.auto_generated,
        permissions,
    };
    loader.role(role).map_err(misfit)
}
