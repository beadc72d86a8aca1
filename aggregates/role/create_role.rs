//! Create a role.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        role::{
            RoleCommand,
            fixtures::{added, create_operators, operators_created, operators_deleted, protected_created},
        },
        testing::{given, permission},
    };

    #[test]
    fn a_role_and_what_it_gives_are_events_of_their_own() {
        let permissions = vec![permission(1, "a"), permission(2, "b")];
        given::<Role>(&[])
            .when(RoleCommand::Create(CreateRole {
                permissions,
                ..create_operators()
            }))
            .then_expect_events(vec![
                operators_created(),
                added(permission(1, "a")),
                added(permission(2, "b")),
            ]);
    }

    #[test]
    fn a_role_may_be_made_to_stay() {
        let name = "connectware-admin".parse().unwrap();
        given::<Role>(&[])
            .when(RoleCommand::Create(CreateRole {
                name,
                protected: true,
                ..create_operators()
            }))
            .then_expect_events(vec![protected_created()]);
    }

    #[test]
    fn a_right_given_twice_is_given_once() {
        let permissions = vec![permission(1, "a"), permission(2, "a")];
        given::<Role>(&[])
            .when(RoleCommand::Create(CreateRole {
                permissions,
                ..create_operators()
            }))
            .then_expect_events(vec![operators_created(), added(permission(1, "a"))]);
    }

    #[test]
    fn two_permissions_cannot_have_one_id() {
        let permissions = vec![permission(1, "a"), permission(1, "b")];
        given::<Role>(&[])
            .when(RoleCommand::Create(CreateRole {
                permissions,
                ..create_operators()
            }))
            .then_expect_error(RoleError::PermissionIdTaken);
    }

    #[test]
    fn an_id_is_used_once() {
        for events in [
            vec![operators_created()],
            vec![protected_created()],
            operators_deleted(),
        ] {
            given::<Role>(&events)
                .when(RoleCommand::Create(create_operators()))
                .then_expect_error(RoleError::AlreadyExists);
        }
    }
}
