//! Roles and what they grant, and what users are permitted themselves, which the read models call roles, too.

use std::{collections::HashMap, sync::Arc};

use aggregates::values::{Permission, RoleId, RoleName};

use super::Loader;
use crate::{
    authorization::{
        grants::Grants,
        permissions::Permissions,
        roles::{Details, Role},
    },
    permission_usage::record::{PermissionRecord, ResourceKey},
    role_directory::record::RoleRecord,
    sql::{Error, Tx},
    tables::{each, unreadable},
};

impl Loader {
    /// Takes all roles.
    pub(super) async fn roles(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let mut permissions: HashMap<RoleId, Vec<Permission>> = HashMap::new();
        each(tx, "", vec![], |held: PermissionRecord| {
            self.made_at(held.ordinal)?;
            if held.resource_key != ResourceKey::of(held.permission.context, &held.permission.resource) {
                return Err(unreadable("a permission does not have its resource's key"));
            }
            permissions.entry(held.role_id).or_default().push(held.permission);
            Ok(())
        })
        .await?;
        each(tx, "", vec![], |role: RoleRecord| {
            self.made_at(role.ordinal)?;
            let permissions = permissions.remove(&role.id).unwrap_or_default();
            self.role(role, permissions.into_iter().collect())
        })
        .await?;
        if permissions.is_empty() {
            Ok(())
        } else {
            Err(unreadable("no role has these permissions"))
        }
    }

    fn role(&mut self, role: RoleRecord, permissions: Permissions) -> Result<(), Error> {
        let own_permissions = role.owner.map_or(0, |_| permissions.as_slice().len());
        if usize::try_from(role.own_permissions) != Ok(own_permissions) {
            return Err(unreadable("a user has other permissions than were counted"));
        }
        if let Some(owner) = role.owner {
            if role.id != owner.own_role() {
                return Err(unreadable("this role cannot be its owner's own"));
            }
            self.own.insert(owner, permissions);
            return Ok(());
        }
        let details = Details {
            id: role.id,
            name: RoleName::parse(&role.name).map_err(unreadable)?,
            is_shared: role.is_shared,
            auto_generated: role.auto_generated,
            permissions,
        };
        let authorization = &self.authorization;
        let guard = authorization.collector.enter();
        if let Some(index) = authorization.index(&mut self.writer, role.id, &guard) {
            let role = Role {
                grants: Grants::of(&details.permissions),
                details: Arc::new(details),
            };
            authorization.publish_role(index, role, &guard);
        }
        Ok(())
    }
}
