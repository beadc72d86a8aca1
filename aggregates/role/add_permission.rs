//! Add a permission to a role.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        role::{
            RoleCommand,
            fixtures::{added, operators_created, operators_deleted, protected_created},
        },
        testing::{given, permission},
    };

    #[test]
    fn a_permission_is_added() {
        given::<Role>(&[operators_created(), added(permission(1, "a"))])
            .when(RoleCommand::AddPermission(permission(2, "b")))
            .then_expect_events(vec![added(permission(2, "b"))]);
    }

    #[test]
    fn a_right_given_is_not_added_again() {
        for created in [operators_created(), protected_created()] {
            given::<Role>(&[created, added(permission(1, "a"))])
                .when(RoleCommand::AddPermission(permission(2, "a")))
                .then_expect_events(vec![]);
        }
    }

    #[test]
    fn an_id_names_one_right() {
        given::<Role>(&[operators_created(), added(permission(1, "a"))])
            .when(RoleCommand::AddPermission(permission(1, "b")))
            .then_expect_error(RoleError::PermissionIdTaken);
    }

    #[test]
    fn a_protected_role_gives_no_more() {
        given::<Role>(&[protected_created()])
            .when(RoleCommand::AddPermission(permission(1, "a")))
            .then_expect_error(RoleError::Protected);
    }

    #[test]
    fn no_role_gives_nothing() {
        for events in [vec![], operators_deleted()] {
            given::<Role>(&events)
                .when(RoleCommand::AddPermission(permission(1, "a")))
                .then_expect_error(RoleError::NotFound);
        }
    }
}
