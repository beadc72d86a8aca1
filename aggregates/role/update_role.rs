//! Change the given fields of a role: all of them, or nothing.

use super::{Role, RoleError, RoleEvent, UpdateRole};
use crate::{permission_set, values::RoleName};

pub(super) fn decide(role: &Role, command: UpdateRole) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_exist()?;
    let mut events = Vec::new();
    if let Some(typed) = command.name
        && let Some(name) = RoleName::another(&role.name, &typed)?
    {
        events.push(RoleEvent::Renamed { name });
    }
    if let Some(is_shared) = command.is_shared.filter(|new| *new != role.is_shared) {
        events.push(RoleEvent::SharingChanged { is_shared });
    }
    if let Some(permissions) = command.permissions {
        let difference = permission_set::replace(&role.permissions, permissions)?;
        events.extend(
            difference
                .removed
                .into_iter()
                .map(|id| RoleEvent::PermissionRemoved { id }),
        );
        events.extend(
            difference
                .added
                .into_iter()
                .map(|permission| RoleEvent::PermissionAdded { permission }),
        );
    }
    role.may_become(events)
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
        values::Invalid,
    };

    fn update(events: &[RoleEvent], command: UpdateRole) -> Result<Vec<RoleEvent>, RoleError> {
        given::<Role>(events)
            .when(RoleCommand::Update(command))
            .inspect_result()
    }

    #[test]
    fn every_change_is_an_event_of_its_own() {
        let command = UpdateRole {
            name: Some("fitters".to_owned()),
            is_shared: Some(false),
            permissions: Some(vec![permission(9, "b"), permission(3, "c")]),
        };
        let events = [
            operators_created(),
            added(permission(1, "a")),
            added(permission(2, "b")),
        ];
        let expected = vec![
            RoleEvent::Renamed {
                name: "fitters".parse().unwrap(),
            },
            RoleEvent::SharingChanged { is_shared: false },
            RoleEvent::PermissionRemoved { id: permission_id(1) },
            added(permission(3, "c")),
        ];
        assert_eq!(update(&events, command), Ok(expected));
    }

    #[test]
    fn nothing_given_or_the_same_again_changes_nothing() {
        let same = UpdateRole {
            name: Some("operators".to_owned()),
            is_shared: Some(true),
            permissions: Some(vec![permission(9, "a"), permission(1, "a")]),
        };
        for command in [UpdateRole::default(), same] {
            assert_eq!(
                update(&[operators_created(), added(permission(1, "a"))], command),
                Ok(vec![])
            );
        }
    }

    fn renamed(before: &str, wanted: &str) -> Result<Vec<RoleEvent>, RoleError> {
        let before = RoleEvent::Renamed {
            name: RoleName::recorded(before),
        };
        let command = UpdateRole {
            name: Some(wanted.to_owned()),
            ..UpdateRole::default()
        };
        update(&[operators_created(), before], command)
    }

    #[test]
    fn an_old_name_may_stay_but_no_new_one_may_break_the_rules() {
        assert_eq!(renamed("a  b", "a  b"), Ok(vec![]));
        assert_eq!(renamed("wärter", "wa\u{308}rter"), Ok(vec![]));
        let rule = "must not contain white space other than single spaces";
        let broken = Invalid {
            what: "role name",
            rule,
        };
        assert_eq!(renamed("operators", "a  b"), Err(RoleError::Invalid(broken)));
        let name = RoleName::parse("wärter").unwrap();
        assert_eq!(renamed("wa\u{308}rter", "wa\u{308}rter"), Ok(vec![]));
        assert_eq!(
            renamed("wa\u{308}rter", "wärter"),
            Ok(vec![RoleEvent::Renamed { name }])
        );
    }

    #[test]
    fn one_wrong_part_refuses_the_whole() {
        let command = UpdateRole {
            name: Some("fitters".to_owned()),
            permissions: Some(vec![permission(1, "a"), permission(1, "b")]),
            ..UpdateRole::default()
        };
        assert_eq!(
            update(&[operators_created()], command),
            Err(RoleError::PermissionIdTaken)
        );
    }

    #[test]
    fn a_protected_role_stays_as_it_is() {
        let events = [protected_created(), added(permission(1, "#"))];
        let same = UpdateRole {
            name: Some("connectware-admin".to_owned()),
            is_shared: Some(true),
            permissions: Some(vec![permission(2, "#")]),
        };
        assert_eq!(update(&events, same), Ok(vec![]));

        let renamed = UpdateRole {
            name: Some("nobody".to_owned()),
            ..UpdateRole::default()
        };
        let unshared = UpdateRole {
            is_shared: Some(false),
            ..UpdateRole::default()
        };
        let emptied = UpdateRole {
            permissions: Some(vec![]),
            ..UpdateRole::default()
        };
        for command in [renamed, unshared, emptied] {
            assert_eq!(update(&events, command), Err(RoleError::Protected));
        }
    }

    #[test]
    fn no_role_is_not_updated() {
        for events in [vec![], operators_deleted()] {
            assert_eq!(update(&events, UpdateRole::default()), Err(RoleError::NotFound));
        }
    }
}
