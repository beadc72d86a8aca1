//! Make the role of an account kind, and keep its permissions as the catalogue has them.

use std::collections::BTreeMap;

use super::{Role, RoleError, RoleEvent, Stage};
use crate::values::{AccountKind, Permission, PermissionId, RoleName};

pub(super) fn make(role: &Role, kind: AccountKind) -> Result<Vec<RoleEvent>, RoleError> {
    if role.stage != Stage::Absent {
        return Err(RoleError::AlreadyExists);
    }
    let permissions = kind.permissions()?.into_iter();
    let created = RoleEvent::Created {
        name: RoleName::recorded(kind.as_str()),
        is_shared: true,
        auto_generated: false,
        protected: true,
    };
    let added = permissions.map(|permission| RoleEvent::PermissionAdded { permission });
    Ok(std::iter::once(created).chain(added).collect())
}

/// The role is protected from all other commands.
pub(super) fn update(role: &Role, kind: AccountKind) -> Result<Vec<RoleEvent>, RoleError> {
    role.must_exist()?;
    let wanted = kind.permissions()?.into_iter();
    let wanted: BTreeMap<PermissionId, Permission> = wanted.map(|one| (one.id, one)).collect();
    let is_wanted = |held: &Permission| wanted.get(&held.id) == Some(held);
    let removed = role.permissions.values().filter(|held| !is_wanted(held));
    let removed = removed.map(|held| RoleEvent::PermissionRemoved { id: held.id });
    let added = wanted
        .values()
        .filter(|one| role.permissions.get(&one.id) != Some(one));
    let added = added.map(|one| RoleEvent::PermissionAdded {
        permission: one.clone(),
    });
    Ok(removed.chain(added).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Registered,
        role::{RoleCommand, UpdateRole, fixtures::added},
        testing::{folded, given, permission},
    };

    const KIND: AccountKind = AccountKind::Developer;

    fn made() -> Vec<RoleEvent> {
        Role::default()
            .decide(RoleCommand::MakeAccountKind(KIND))
            .unwrap()
    }

    fn update(events: &[RoleEvent]) -> Result<Vec<RoleEvent>, RoleError> {
        given::<Role>(events)
            .when(RoleCommand::UpdateAccountKind(KIND))
            .inspect_result()
    }

    #[test]
    fn an_account_kind_is_a_role_with_a_permission_for_each_endpoint() {
        let role: Role = folded(made());
        assert_eq!((role.name.as_str(), role.permissions.len()), ("Developer", 47));
        given::<Role>(&made())
            .when(RoleCommand::MakeAccountKind(KIND))
            .then_expect_error(RoleError::AlreadyExists);
    }

    #[test]
    fn it_gets_what_the_catalogue_has_and_loses_the_rest() {
        assert_eq!(update(&made()), Ok(vec![]));
        let other = permission(1, "coiote/GET/old");
        let mut before = made();
        let lost = before.pop().unwrap();
        before.push(added(other.clone()));
        let events = update(&before).unwrap();
        assert_eq!(events, [RoleEvent::PermissionRemoved { id: other.id }, lost]);
        assert_eq!(update(&[before, events].concat()), Ok(vec![]));
        assert_eq!(update(&[]), Err(RoleError::NotFound));
    }

    #[test]
    fn no_command_for_roles_changes_it() {
        for command in [
            RoleCommand::AddPermission(permission(1, "a")),
            RoleCommand::Delete,
            RoleCommand::Update(UpdateRole {
                is_shared: Some(false),
                ..UpdateRole::default()
            }),
        ] {
            given::<Role>(&made())
                .when(command)
                .then_expect_error(RoleError::Protected);
        }
    }
}
