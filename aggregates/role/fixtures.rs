//! Roles for the tests of decisions about them.

use std::collections::BTreeSet;

use super::{ChangeGroup, CreateRole, FormGroup, Role, RoleCommand, RoleEvent};
use crate::{
    Registered,
    values::{ApplicationId, GroupId, Level, Ordinal, OrganisationId, Permission},
};

/// Creates `operators`, a shared role without permissions.
pub(super) fn create_operators() -> CreateRole {
    CreateRole {
        name: "operators".parse().unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: false,
        permissions: vec![],
    }
}

/// The event that [`create_operators`] leads to.
pub(super) fn operators_created() -> RoleEvent {
    RoleEvent::Created {
        name: "operators".parse().unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: false,
    }
}

/// A role that can never change.
pub(super) fn protected_created() -> RoleEvent {
    RoleEvent::Created {
        name: "connectware-admin".parse().unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: true,
    }
}

/// `operators`, created and deleted.
pub(super) fn operators_deleted() -> Vec<RoleEvent> {
    vec![operators_created(), RoleEvent::Deleted {}]
}

pub(super) fn added(permission: Permission) -> RoleEvent {
    RoleEvent::PermissionAdded { permission }
}

pub(super) fn group_id(number: i64) -> GroupId {
    GroupId::of(Ordinal::new(number).unwrap())
}

pub(super) fn organisation(number: i64) -> OrganisationId {
    OrganisationId::of(Ordinal::new(number).unwrap())
}

pub(super) fn application(number: i64) -> ApplicationId {
    ApplicationId::of(Ordinal::new(number).unwrap())
}

/// Makes group 2 of organisation 3, whose members read application 5.
pub(super) fn form_readers() -> FormGroup {
    FormGroup {
        id: group_id(2),
        name: "Læserettigheder".parse().unwrap(),
        organisation: Some(organisation(3)),
        levels: vec![Level::Read],
        adds_new_applications: true,
        applications: BTreeSet::from([application(5)]),
    }
}

/// Changes nothing of group 2.
pub(super) fn change_readers() -> ChangeGroup {
    ChangeGroup {
        id: group_id(2),
        name: None,
        adds_new_applications: None,
        applications: None,
    }
}

/// The events to which [`form_readers`] leads.
pub(super) fn readers_formed() -> Vec<RoleEvent> {
    let permission = |pattern: &str| RoleEvent::PermissionAdded {
        permission: Level::Read
            .permission(
                group_id(2).uuid(),
                (pattern.to_owned(), crate::values::Operation::Read),
            )
            .unwrap(),
    };
    vec![
        RoleEvent::Created {
            name: crate::values::RoleName::recorded("Læserettigheder"),
            is_shared: true,
            auto_generated: false,
            protected: false,
        },
        RoleEvent::GroupFormed {
            organisation: Some(organisation(3)),
            levels: vec![Level::Read],
            adds_new_applications: true,
        },
        permission("os2iot/o/3"),
        RoleEvent::ApplicationAttached {
            application: application(5),
        },
        permission("os2iot/o/3/application/5/#"),
    ]
}

/// The events that make a group of user administrators.
pub(super) fn user_admins_formed() -> Vec<RoleEvent> {
    formed(FormGroup {
        levels: vec![Level::OrganizationUserAdmin],
        ..form_readers()
    })
}

/// The events that make the group of global administrators.
pub(super) fn global_formed() -> Vec<RoleEvent> {
    formed(FormGroup {
        id: GroupId::GLOBAL_ADMIN,
        organisation: None,
        levels: vec![Level::GlobalAdmin],
        ..form_readers()
    })
}

fn formed(command: FormGroup) -> Vec<RoleEvent> {
    Role::default().decide(RoleCommand::FormGroup(command)).unwrap()
}
