//! What a holder has before and after events that are not recorded.

use std::{collections::BTreeSet, sync::Arc};

use aggregates::{
    role::RoleEvent,
    user::UserEvent,
    values::{Operation, Permission, RoleId},
};

use super::{Right, RoleOfRight};
use crate::{
    Model,
    engine::facts::MachineStep,
    patterns::{
        grants::Grants,
        question::{Operations, Question, operations},
    },
    principals::{
        machines::{self, MachineEntry},
        roles::{self, Role},
        users::{self, Extra, RoleStep, User},
    },
};

/// A role before and after the events.
pub(crate) struct RoleChange {
    pub(crate) is_new: bool,
    pub(crate) before: Option<Version>,
    pub(crate) after: Option<Version>,
}

/// A role at one time, and the permissions that it has only at that time.
pub(crate) struct Version {
    pub(crate) role: Role,
    pub(crate) only: Vec<Permission>,
}

/// All that a holder has at one time.
#[derive(Default)]
pub(crate) struct Holding<'g> {
    pub(crate) roles: Vec<HeldRole<'g>>,
    pub(crate) own: Option<&'g Extra>,
}

/// A role of a holder, and the permissions that it has only at that time.
pub(crate) struct HeldRole<'g> {
    pub(crate) role: &'g Role,
    pub(crate) only: &'g [Permission],
}

impl RoleChange {
    pub(crate) fn of(id: RoleId, before: Option<&Role>, events: &[&RoleEvent]) -> Self {
        let mut after = before.cloned();
        for event in events {
            after = roles::fold(after, id, event);
        }
        if let Some(role) = &mut after {
            role.grants = Grants::of(&role.details.permissions);
        }
        let version = |role: Option<&Role>, other: Option<&Role>| {
            let role = role?;
            let other: Vec<&Grants> = other.iter().map(|other| &other.grants).collect();
            let permissions = role.details.permissions.as_slice().iter();
            Some(Version {
                only: permissions.filter_map(|one| lacking(one, &other)).collect(),
                role: role.clone(),
            })
        };
        Self {
            is_new: before.is_none(),
            before: version(before, after.as_ref()),
            after: version(after.as_ref(), before),
        }
    }

    pub(crate) fn changes_rights(&self) -> bool {
        let versions = [&self.before, &self.after];
        versions
            .iter()
            .any(|version| version.as_ref().is_some_and(|version| !version.only.is_empty()))
    }
}

impl Version {
    /// All permissions of the role at that time.
    pub(crate) fn permissions(&self) -> &[Permission] {
        self.role.details.permissions.as_slice()
    }

    pub(crate) fn held(&self) -> HeldRole<'_> {
        HeldRole {
            role: &self.role,
            only: &self.only,
        }
    }
}

impl<'g> HeldRole<'g> {
    pub(crate) fn unchanged(role: &'g Role) -> Self {
        Self { role, only: &[] }
    }
}

impl<'g> Holding<'g> {
    /// The holding as it counts for a user: all of it if the user may act, else nothing.
    pub(crate) fn of(self, user: Option<&User>) -> Self {
        match user {
            Some(user) if user.may_act() => self,
            Some(_) | None => Self::default(),
        }
    }

    pub(crate) fn grants(&self) -> impl Iterator<Item = &'g Grants> {
        let roles = self.roles.iter().map(|held| &held.role.grants);
        roles.chain(self.own.map(|own| &own.grants))
    }

    pub(crate) fn has(&self, role: RoleId) -> bool {
        self.roles.iter().any(|held| held.role.details.id == role)
    }

    pub(crate) fn prefix(&self) -> Option<&'g Arc<str>> {
        self.own?.mqtt_publish_prefix.as_ref()
    }
}

/// A user after their events, and the roles that the user then holds. `holding` is what the user holds now, even if they
/// may do nothing.
pub(crate) fn after_events(
    model: &Model,
    before: Option<&User>,
    holding: &Holding<'_>,
    events: &[&UserEvent],
) -> (Option<User>, BTreeSet<RoleId>) {
    let mut user = before.cloned();
    let mut roles: BTreeSet<RoleId> = holding.roles.iter().map(|held| held.role.details.id).collect();
    for event in events {
        // The position matters only to tokens.
        user = users::fold(model, user, 0, event);
        if user.is_none() {
            roles.clear();
            continue;
        }
        RoleStep::of(event).take(&mut roles);
    }
    if let Some(user) = &mut user
        && events.iter().any(|event| users::changes_grants(event))
    {
        user.change_extra(|extra| extra.grants = Grants::of(&extra.permissions));
    }
    (user, roles)
}

/// A machine after its steps, and the roles that the machine then holds.
pub(crate) fn machine_after(
    before: Option<&MachineEntry>,
    holding: &Holding<'_>,
    steps: &[MachineStep],
) -> (Option<MachineEntry>, BTreeSet<RoleId>) {
    let mut entry = before.cloned();
    let mut roles: BTreeSet<RoleId> = holding.roles.iter().map(|held| held.role.details.id).collect();
    for step in steps {
        entry = machines::fold(entry, step);
        if entry.is_none() {
            roles.clear();
            continue;
        }
        step.of_roles().take(&mut roles);
    }
    (entry, roles)
}

/// The part of a permission that no single grant covers, if there is such a part.
pub(crate) fn lacking(permission: &Permission, grants: &[&Grants]) -> Option<Permission> {
    let question = Question::pattern(permission.context, &permission.resource);
    let mut missing = operations(permission.operation);
    for grants in grants {
        if missing == 0 {
            break;
        }
        missing &= !grants.granted(&question, missing);
    }
    Some(Permission {
        operation: operation(missing)?,
        ..permission.clone()
    })
}

fn operation(set: Operations) -> Option<Operation> {
    let all = [Operation::Read, Operation::Write, Operation::ReadWrite];
    all.into_iter().find(|operation| operations(*operation) == set)
}

pub(crate) fn right(permission: &Permission, through: Option<RoleOfRight>) -> Right {
    Right {
        through,
        context: permission.context,
        resource: permission.resource.clone(),
        operation: permission.operation,
    }
}

/// Sorts rights and removes duplicates. The order does not depend on ids that are drawn anew each time.
pub(crate) fn in_order(rights: impl Iterator<Item = Right>) -> Vec<Right> {
    rights.collect::<BTreeSet<_>>().into_iter().collect()
}
