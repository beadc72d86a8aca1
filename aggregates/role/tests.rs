//! What a role's state is after its events.

use super::{
    fixtures::{
        added, application, change_readers, create_operators, form_readers, group_id, operators_created,
        operators_deleted, protected_created, readers_formed,
    },
    *,
};
use crate::{
    testing::{commands_begin_streams_as_they_say, folded, permission, permission_id},
    values::AccountKind,
};

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
            Some(RoleCommand::Delete) => RoleCommand::ChangeGroup(change_readers()),
            Some(RoleCommand::ChangeGroup(_)) => RoleCommand::AttachApplication {
                id: group_id(2),
                application: application(5),
            },
            Some(RoleCommand::AttachApplication { id, application }) => RoleCommand::DetachApplication {
                id: *id,
                application: *application,
            },
            Some(RoleCommand::DetachApplication { .. }) => RoleCommand::DissolveGroup,
            Some(RoleCommand::DissolveGroup) => RoleCommand::FormGroup(form_readers()),
            Some(RoleCommand::FormGroup(_)) => RoleCommand::UpdateAccountKind(AccountKind::Developer),
            Some(RoleCommand::UpdateAccountKind(kind)) => RoleCommand::MakeAccountKind(*kind),
            Some(RoleCommand::MakeAccountKind(_)) => return None,
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

/// Groups do not show where roles are changed: only the commands for groups change them.
#[test]
fn a_group_is_no_role_to_the_commands_for_roles() {
    let commands = [
        RoleCommand::Update(UpdateRole::default()),
        RoleCommand::AddPermission(permission(1, "a")),
        RoleCommand::ChangePermission {
            id: permission_id(1),
            resource: None,
            operation: None,
        },
        RoleCommand::RemovePermission { id: permission_id(1) },
        RoleCommand::Delete,
    ];
    for command in commands {
        let group: Role = folded(readers_formed());
        assert_eq!(
            group.decide(command.clone()),
            Err(RoleError::NotFound),
            "{command:?}"
        );
    }
}
