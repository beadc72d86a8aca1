//! A user group of the os2iot face: a role whose permissions follow from levels, an organisation and applications.

mod attach_application;
mod change_group;
mod detach_application;
mod dissolve_group;
mod form_group;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub(super) use attach_application::decide as attach_application;
pub(super) use change_group::decide as change_group;
pub(super) use detach_application::decide as detach_application;
pub(super) use dissolve_group::decide as dissolve_group;
pub(super) use form_group::decide as form_group;

use super::{Role, RoleError, RoleEvent};
use crate::values::{ApplicationId, GroupId, Invalid, Level, OrganisationId, Permission, RoleId};

/// What a role is besides a role, if it is a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The organisation; `None` only for the group of global administrators.
    pub organisation: Option<OrganisationId>,
    /// The levels. They never change.
    pub levels: BTreeSet<Level>,
    /// Whether new applications of the organisation are attached.
    pub adds_new_applications: bool,
    /// The applications that are attached.
    pub applications: BTreeSet<ApplicationId>,
}

impl Group {
    /// Whether applications can be attached.
    pub fn takes_applications(&self) -> bool {
        self.organisation.is_some() && self.levels.iter().any(|level| level.takes_applications())
    }

    /// All permissions of the role, as its events gave them.
    pub fn permissions(&self, id: GroupId) -> Result<Vec<Permission>, Invalid> {
        let mut permissions = self.of_levels(id.role())?;
        for application in &self.applications {
            permissions.extend(self.on_application(id.role(), *application)?);
        }
        Ok(permissions)
    }

    /// The permissions that the levels give without applications.
    fn of_levels(&self, role: RoleId) -> Result<Vec<Permission>, Invalid> {
        let patterns = self.levels.iter().flat_map(|level| {
            level
                .patterns(self.organisation)
                .into_iter()
                .map(|pattern| (*level, pattern))
        });
        patterns
            .map(|(level, pattern)| level.permission(role.0, pattern))
            .collect()
    }

    /// The permissions that the levels give on an application.
    fn on_application(&self, role: RoleId, application: ApplicationId) -> Result<Vec<Permission>, Invalid> {
        let Some(organisation) = self.organisation else {
            return Ok(Vec::new());
        };
        let patterns = self.levels.iter().filter_map(|level| {
            let pattern = level.on_application(organisation, application)?;
            Some(level.permission(role.0, pattern))
        });
        patterns.collect()
    }

    /// The events that attach an application which is not attached.
    fn attach(&self, role: RoleId, application: ApplicationId) -> Result<Vec<RoleEvent>, Invalid> {
        let permissions = self.on_application(role, application)?.into_iter();
        let added = permissions.map(|permission| RoleEvent::PermissionAdded { permission });
        Ok(std::iter::once(RoleEvent::ApplicationAttached { application })
            .chain(added)
            .collect())
    }

    /// The events that detach an application which is attached.
    fn detach(&self, role: RoleId, application: ApplicationId) -> Result<Vec<RoleEvent>, Invalid> {
        let permissions = self.on_application(role, application)?.into_iter();
        let removed = permissions.map(|permission| RoleEvent::PermissionRemoved { id: permission.id });
        Ok(std::iter::once(RoleEvent::ApplicationDetached { application })
            .chain(removed)
            .collect())
    }
}

impl Role {
    /// The group that the role is, or `NotFound`.
    fn must_be_group(&self) -> Result<&Group, RoleError> {
        match &self.group {
            Some(group) if self.exists() => Ok(group),
            _ => Err(RoleError::NotFound),
        }
    }
}
