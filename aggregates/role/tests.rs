//! What a role's state is after its events.

use super::{
    fixtures::{added, create_operators, operators_created, operators_deleted, protected_created},
    *,
};
use crate::testing::{commands_begin_streams_as_they_say, folded, permission, permission_id};

#[test]
fn a_role_exists_from_creation_to_deletion() {
    assert!(!Role::default().exists());
    assert!(folded::<Role>([operators_created()]).exists());
    assert!(!folded::<Role>(operators_deleted()).exists());
}

#[test]
fn only_creation_begins_a_stream() {
    commands_begin_streams_as_they_say::<Role>(|command| {
        Some(match command {
            None => RoleCommand::Create(create_operators()),
            Some(RoleCommand::Create(_)) => RoleCommand::Update(UpdateRole {
                is_shared: Some(true),
                ..UpdateRole::default()
            }),
            Some(RoleCommand::Update(_)) => RoleCommand::AddPermission(permission(1, "a")),
            Some(RoleCommand::AddPermission(_)) => RoleCommand::ChangePermission {
                id: permission_id(1),
                resource: "b".parse().ok(),
                operation: None,
            },
            Some(RoleCommand::ChangePermission { .. }) => {
                RoleCommand::RemovePermission { id: permission_id(1) }
            }
            Some(RoleCommand::RemovePermission { .. }) => RoleCommand::Delete,
            Some(RoleCommand::Delete) => return None,
        })
    });
}

#[test]
fn a_role_is_what_its_events_tell() {
    let role: Role = folded([
        protected_created(),
        RoleEvent::Renamed {
            name: "fitters".parse().unwrap(),
        },
        RoleEvent::SharingChanged { is_shared: false },
        added(permission(1, "a")),
        added(permission(2, "b")),
        RoleEvent::PermissionRemoved {
            id: permission(1, "a").id,
        },
    ]);
    assert_eq!(role.name, "fitters");
    assert!(role.protected && !role.is_shared && !role.auto_generated);
    assert_eq!(
        role.permissions.into_values().collect::<Vec<_>>(),
        [permission(2, "b")]
    );
}

#[test]
fn a_state_comes_back_from_json() {
    let role: Role = folded([operators_created(), added(permission(1, "a"))]);
    let json = serde_json::to_value(&role).unwrap();
    let back: Role = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&back).unwrap(), json);
}
