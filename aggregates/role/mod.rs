//! A role: a named set of permissions that users hold.

mod account_kind;
mod add_permission;
mod change_permission;
pub mod claims;
mod command;
mod create_role;
mod delete_role;
mod error;
mod event;
#[cfg(test)]
mod fixtures;
mod group;
mod remove_permission;
mod samples;
mod update_role;

#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

pub use command::{ChangeGroup, CreateRole, FormGroup, RoleCommand, UpdateRole};
pub use error::RoleError;
pub use event::RoleEvent;
pub use group::Group;

use crate::{
    Registered,
    claim::Scope,
    permission_set::Refused,
    values::{Invalid, Permission, PermissionId, RoleId},
};

/// The state of a role, folded from its events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Role {
    /// How far the role has come.
    stage: Stage,
    /// The name; empty before creation.
    pub name: String,
    /// Whether more than one user may hold the role.
    pub is_shared: bool,
    /// Whether a service made the role, not a person.
    pub auto_generated: bool,
    /// Whether the role can never change.
    pub protected: bool,
    /// The permissions that the role gives.
    pub permissions: BTreeMap<PermissionId, Permission>,
    /// The group that the role is, if it is one.
    pub group: Option<Group>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Live,
    Deleted,
}

impl From<Refused> for RoleError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::IdTaken => Self::PermissionIdTaken,
            Refused::Invalid(invalid) => Self::Invalid(invalid),
        }
    }
}

impl Role {
    /// Whether the role was created and not deleted.
    pub fn exists(&self) -> bool {
        self.stage == Stage::Live
    }

    /// `NotFound` unless the role exists. A group is not found: only the commands for groups change it.
    fn must_exist(&self) -> Result<(), RoleError> {
        if self.exists() && self.group.is_none() {
            Ok(())
        } else {
            Err(RoleError::NotFound)
        }
    }

    fn change_group(&mut self, change: impl FnOnce(&mut Group)) {
        if let Some(group) = &mut self.group {
            change(group);
        }
    }

    /// Returns the events, unless they would change a protected role.
    fn may_become(&self, events: Vec<RoleEvent>) -> Result<Vec<RoleEvent>, RoleError> {
        if self.protected && !events.is_empty() {
            Err(RoleError::Protected)
        } else {
            Ok(events)
        }
    }
}

impl Registered for Role {
    const TYPE: &'static str = "role";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 2;
    type Id = RoleId;
    type Command = RoleCommand;
    type Event = RoleEvent;
    type Error = RoleError;

    fn decide(&self, command: RoleCommand) -> Result<Vec<RoleEvent>, RoleError> {
        match command {
            RoleCommand::Create(command) => create_role::decide(self, command),
            RoleCommand::Update(command) => update_role::decide(self, command),
            RoleCommand::AddPermission(permission) => add_permission::decide(self, permission),
            RoleCommand::ChangePermission {
                id,
                resource,
                operation,
            } => change_permission::decide(self, id, resource, operation),
            RoleCommand::RemovePermission { id } => remove_permission::decide(self, id),
            RoleCommand::Delete => delete_role::decide(self),
            RoleCommand::FormGroup(command) => group::form_group(self, command),
            RoleCommand::ChangeGroup(command) => group::change_group(self, command),
            RoleCommand::AttachApplication { id, application } => {
                group::attach_application(self, id, application)
            }
            RoleCommand::DetachApplication { id, application } => {
                group::detach_application(self, id, application)
            }
            RoleCommand::DissolveGroup => group::dissolve_group(self),
            RoleCommand::MakeAccountKind(kind) => account_kind::make(self, kind),
            RoleCommand::UpdateAccountKind(kind) => account_kind::update(self, kind),
        }
    }

    fn apply(&mut self, event: RoleEvent) {
        match event {
            RoleEvent::Created {
                name,
                is_shared,
                auto_generated,
                protected,
            } => {
                *self = Self {
                    stage: Stage::Live,
                    name: name.to_string(),
                    is_shared,
                    auto_generated,
                    protected,
                    permissions: BTreeMap::new(),
                    group: None,
                }
            }
            RoleEvent::Renamed { name } => self.name = name.to_string(),
            RoleEvent::SharingChanged { is_shared } => self.is_shared = is_shared,
            RoleEvent::PermissionAdded { permission } => {
                self.permissions.insert(permission.id, permission);
            }
            RoleEvent::PermissionChanged {
                id,
                resource,
                operation,
            } => {
                if let Some(permission) = self.permissions.get_mut(&id) {
                    permission.resource = resource;
                    permission.operation = operation;
                }
            }
            RoleEvent::PermissionRemoved { id } => {
                self.permissions.remove(&id);
            }
            RoleEvent::GroupFormed {
                organisation,
                levels,
                adds_new_applications,
            } => {
                self.group = Some(Group {
                    organisation,
                    levels: levels.into_iter().collect(),
                    adds_new_applications,
                    applications: BTreeSet::new(),
                });
            }
            RoleEvent::GroupAddsNewApplicationsChanged {
                adds_new_applications,
            } => self.change_group(|group| group.adds_new_applications = adds_new_applications),
            RoleEvent::ApplicationAttached { application } => self.change_group(|group| {
                group.applications.insert(application);
            }),
            RoleEvent::ApplicationDetached { application } => self.change_group(|group| {
                group.applications.remove(&application);
            }),
            RoleEvent::Deleted {} => {
                *self = Self {
                    stage: Stage::Deleted,
                    ..Self::default()
                }
            }
        }
    }

    fn begins_a_stream(command: &RoleCommand) -> bool {
        match command {
            RoleCommand::Create(_) | RoleCommand::FormGroup(_) | RoleCommand::MakeAccountKind(_) => true,
            RoleCommand::UpdateAccountKind(_)
            | RoleCommand::ChangeGroup(_)
            | RoleCommand::AttachApplication { .. }
            | RoleCommand::DetachApplication { .. }
            | RoleCommand::DissolveGroup
            | RoleCommand::Update(_)
            | RoleCommand::AddPermission(_)
            | RoleCommand::ChangePermission { .. }
            | RoleCommand::RemovePermission { .. }
            | RoleCommand::Delete => false,
        }
    }

    /// A role is not about a person.
    fn person<'a>(&self, _: &'a str) -> Option<Cow<'a, str>> {
        None
    }

    fn samples() -> Result<Vec<RoleEvent>, Invalid> {
        samples::all()
    }
}
