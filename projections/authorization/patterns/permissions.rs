//! The permissions of a role, or a user's own permissions, in the order of their ids.

use aggregates::values::{Operation, Permission, PermissionId, TopicFilter};

/// Permissions by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Permissions(Vec<Permission>);

/// If two permissions have the same id, the last one stays.
impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        let mut all = Self::default();
        permissions.into_iter().for_each(|permission| all.add(permission));
        all
    }
}

impl Permissions {
    /// All permissions, in the order of their ids.
    pub(crate) fn as_slice(&self) -> &[Permission] {
        &self.0
    }

    /// Whether there are no permissions.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a permission; it replaces the one with the same id.
    pub(crate) fn add(&mut self, permission: Permission) {
        match self.find(permission.id) {
            Ok(at) => drop(self.0.splice(at..=at, [permission])),
            Err(at) => self.0.insert(at, permission),
        }
    }

    /// Changes a permission, if it exists.
    pub(crate) fn change(&mut self, id: PermissionId, resource: &TopicFilter, operation: Operation) {
        let found = self.find(id).ok();
        if let Some(permission) = found.and_then(|at| self.0.get_mut(at)) {
            permission.resource.clone_from(resource);
            permission.operation = operation;
        }
    }

    /// Removes a permission, if it exists.
    pub(crate) fn remove(&mut self, id: PermissionId) {
        if let Ok(at) = self.find(id) {
            self.0.remove(at);
        }
    }

    fn find(&self, id: PermissionId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |permission| permission.id)
    }
}
