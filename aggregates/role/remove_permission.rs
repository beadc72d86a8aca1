//! Remove a permission from a role.

use super::{Role, RoleError, RoleEvent};
use crate::values::PermissionId;

pub(super) fn decide(role: &Role, id: PermissionId) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_exist()?;
    if !role.permissions.contains_key(&id) {
        return Err(RoleError::PermissionNotFound);
    }
    role.may_become(vec![RoleEvent::PermissionRemoved { id }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        role::{
            RoleCommand,
            fixtures::{added, operators_created, operators_deleted, protected_created},
        },
        testing::{given, permission, permission_id},
    };

    fn remove() -> RoleCommand {
        RoleCommand::RemovePermission { id: permission_id(1) }
    }

    #[test]
    fn a_permission_is_removed() {
        given::<Role>(&[operators_created(), added(permission(1, "a"))])
            .when(remove())
            .then_expect_events(vec![RoleEvent::PermissionRemoved { id: permission_id(1) }]);
    }

    #[test]
    fn a_permission_not_given_is_not_removed() {
        let removed = RoleEvent::PermissionRemoved { id: permission_id(1) };
        given::<Role>(&[operators_created(), added(permission(1, "a")), removed])
            .when(remove())
            .then_expect_error(RoleError::PermissionNotFound);
    }

    #[test]
    fn a_protected_role_gives_no_less() {
        given::<Role>(&[protected_created(), added(permission(1, "a"))])
            .when(remove())
            .then_expect_error(RoleError::Protected);
    }

    #[test]
    fn no_role_has_no_permission() {
        for events in [vec![], operators_deleted()] {
            given::<Role>(&events)
                .when(remove())
                .then_expect_error(RoleError::NotFound);
        }
    }
}
