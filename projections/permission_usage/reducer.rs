//! What becomes of permissions and of the resources they name. Roles and users give permissions alike.

use aggregates::values::{Context, Operation, Permission, PermissionId, RoleId, TopicFilter};

use super::record::{PermissionRecord, ResourceKey, ResourceRecord};
use crate::{counted_lists::List, read_models::Changes, sql::Error};

impl Changes {
    /// A role gives a permission from now on.
    pub(crate) fn add_permission(
        &mut self,
        position: i64,
        role_id: RoleId,
        permission: &Permission,
    ) -> Result<(), Error> {
        let resource_key = self.use_resource(position, permission.context, &permission.resource)?;
        let permission = permission.clone();
        self.permissions.put(
            permission.id,
            PermissionRecord {
                role_id,
                ordinal: position,
                resource_key,
                permission,
            },
        );
        Ok(())
    }

    /// A role's permission says something else.
    pub(crate) fn change_permission(
        &mut self,
        position: i64,
        role_id: RoleId,
        id: PermissionId,
        resource: &TopicFilter,
        operation: Operation,
    ) -> Result<(), Error> {
        let Some(held) = self
            .permissions
            .change(&id)?
            .filter(|held| held.role_id == role_id)
        else {
            return Ok(());
        };
        held.permission.operation = operation;
        if held.permission.resource == *resource {
            return Ok(());
        }
        held.permission.resource = resource.clone();
        let (left, context) = (held.resource_key, held.permission.context);
        let taken = self.use_resource(position, context, resource)?;
        if let Some(held) = self.permissions.change(&id)? {
            held.resource_key = taken;
        }
        self.leave_resource(left)
    }

    /// A role no longer gives a permission. Answers whether it gave it.
    pub(crate) fn remove_permission(&mut self, role_id: RoleId, id: PermissionId) -> Result<bool, Error> {
        let Some(resource) = self
            .permissions
            .get(&id)?
            .filter(|held| held.role_id == role_id)
            .map(|held| held.resource_key)
        else {
            return Ok(false);
        };
        self.permissions.remove(&id)?;
        self.leave_resource(resource)?;
        Ok(true)
    }

    /// A role gives nothing any more.
    pub(crate) fn remove_permissions_of(&mut self, role_id: RoleId) -> Result<(), Error> {
        for held in self.permissions.take(|_, held| held.role_id == role_id) {
            self.leave_resource(held.resource_key)?;
        }
        self.purges.permissions_of.insert(role_id);
        Ok(())
    }

    fn use_resource(
        &mut self,
        position: i64,
        context: Context,
        resource: &TopicFilter,
    ) -> Result<ResourceKey, Error> {
        let key = ResourceKey::of(context, resource);
        if let Some(known) = self.resources.change(&key)? {
            known.uses += 1;
        } else {
            self.lists.add(List::Resources, position);
            let resource = resource.clone();
            self.resources.put(
                key,
                ResourceRecord {
                    ordinal: position,
                    key,
                    resource,
                    context,
                    uses: 1,
                },
            );
        }
        Ok(key)
    }

    fn leave_resource(&mut self, key: ResourceKey) -> Result<(), Error> {
        let Some(known) = self.resources.change(&key)? else {
            return Ok(());
        };
        known.uses -= 1;
        if known.uses == 0 {
            let ordinal = known.ordinal;
            self.lists.remove(List::Resources, ordinal);
            self.resources.remove(&key)?;
        }
        Ok(())
    }
}
