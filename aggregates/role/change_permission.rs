//! Change a permission of a role.

use super::{Role, RoleError, RoleEvent};
use crate::values::{Operation, Permission, PermissionId, TopicFilter};

/// The context cannot change. The permission may become equal to another one: their ids distinguish them.
pub(super) fn decide(
    role: &Role,
    id: PermissionId,
    resource: Option<TopicFilter>,
    operation: Option<Operation>,
) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_exist()?;
    let held = role.permissions.get(&id).ok_or(RoleError::PermissionNotFound)?;
    let operation = operation.unwrap_or(held.operation);
    let changed = changed(held, resource.as_deref(), operation)?;
    if changed == *held {
        return Ok(Vec::new());
    }
    changed.must_be_of_use()?;
    let Permission {
        resource, operation, ..
    } = changed;
    role.may_become(vec![RoleEvent::PermissionChanged {
        id,
        resource,
        operation,
    }])
}

/// In a space of another API, the resource is written as clients write it there.
fn changed(held: &Permission, resource: Option<&str>, operation: Operation) -> Result<Permission, RoleError> {
    let (context, written) = held.written();
    let resource = resource.unwrap_or(&written);
    Permission::parse(held.id, resource, operation, context).map_err(|invalid| match held.is_of_context() {
        true => RoleError::ResourceNotAPath,
        false => RoleError::Invalid(invalid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        role::{
            RoleCommand,
            fixtures::{added, operators_created, operators_deleted, protected_created},
        },
        testing::{folded, given, permission, permission_id},
        values::Context,
    };

    fn change(resource: Option<&str>, operation: Option<Operation>) -> RoleCommand {
        RoleCommand::ChangePermission {
            id: permission_id(1),
            resource: resource.map(|resource| resource.parse().unwrap()),
            operation,
        }
    }

    fn changed(resource: &str, operation: Operation) -> RoleEvent {
        RoleEvent::PermissionChanged {
            id: permission_id(1),
            resource: resource.parse().unwrap(),
            operation,
        }
    }

    fn http() -> Permission {
        Permission::new(
            permission_id(1),
            "/api".parse().unwrap(),
            Operation::Read,
            Context::Http,
        )
        .unwrap()
    }

    #[test]
    fn what_is_given_changes_and_the_rest_stays() {
        let events = [operators_created(), added(permission(1, "a"))];
        for (resource, operation, expected) in [
            (Some("b"), None, changed("b", Operation::Read)),
            (None, Some(Operation::Write), changed("a", Operation::Write)),
            (
                Some("b"),
                Some(Operation::ReadWrite),
                changed("b", Operation::ReadWrite),
            ),
        ] {
            given::<Role>(&events)
                .when(change(resource, operation))
                .then_expect_events(vec![expected]);
        }
    }

    #[test]
    fn the_context_stays() {
        let role: Role = folded([
            operators_created(),
            added(http()),
            changed("/api/#", Operation::Write),
        ]);
        let expected = Permission::new(
            permission_id(1),
            "/api/#".parse().unwrap(),
            Operation::Write,
            Context::Http,
        );
        assert_eq!(role.permissions[&permission_id(1)], expected.unwrap());
    }

    #[test]
    fn no_change_is_no_event() {
        for created in [operators_created(), protected_created()] {
            for command in [change(None, None), change(Some("a"), Some(Operation::Read))] {
                given::<Role>(&[created.clone(), added(permission(1, "a"))])
                    .when(command)
                    .then_expect_events(vec![]);
            }
        }
    }

    #[test]
    fn it_may_come_to_say_the_same_as_another() {
        given::<Role>(&[
            operators_created(),
            added(permission(1, "a")),
            added(permission(2, "b")),
        ])
        .when(change(Some("b"), None))
        .then_expect_events(vec![changed("b", Operation::Read)]);
    }

    #[test]
    fn in_http_a_resource_is_a_path() {
        given::<Role>(&[operators_created(), added(http())])
            .when(change(Some("api"), None))
            .then_expect_error(RoleError::ResourceNotAPath);
    }

    #[test]
    fn a_permission_not_given_is_not_changed() {
        given::<Role>(&[operators_created(), added(permission(2, "a"))])
            .when(change(Some("b"), None))
            .then_expect_error(RoleError::PermissionNotFound);
    }

    #[test]
    fn a_protected_role_stays_as_it_is() {
        given::<Role>(&[protected_created(), added(permission(1, "a"))])
            .when(change(Some("b"), None))
            .then_expect_error(RoleError::Protected);
    }

    #[test]
    fn no_role_has_no_permission() {
        for events in [vec![], operators_deleted()] {
            given::<Role>(&events)
                .when(change(None, None))
                .then_expect_error(RoleError::NotFound);
        }
    }
}
