//! Who holds what, and by which event: a second copy of the engine's state, in plain maps.

use std::collections::BTreeMap;

use aggregates::{
    Recorded,
    role::RoleEvent,
    user::UserEvent,
    values::{Permission, PermissionId, RoleId, RoleName, UserId},
};

use super::{Cause, Principal};
use crate::{
    Model,
    engine::{
        about::About,
        facts::{Fact, MachineStep},
    },
    principals::machines::Machine,
};

/// A permission that counts for a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The permission.
    pub permission: Permission,
    /// The event that granted it, or that last changed it.
    pub given: Cause,
    /// The role that gives it; `None` for a user's own permission.
    pub through: Option<Through>,
}

/// A role that gives a permission.
#[derive(Clone, Debug, PartialEq)]
pub struct Through {
    /// The id of the role.
    pub role: RoleId,
    /// The name of the role.
    pub name: RoleName,
    /// The event that granted the role to the user; `None` if the role itself is the subject.
    pub granted: Option<Cause>,
}

/// Permissions, each with the event that granted it.
type Permissions = BTreeMap<PermissionId, (Permission, Cause)>;

/// Users, machines and roles.
#[derive(Debug)]
pub(super) struct Holdings {
    model: &'static Model,
    users: BTreeMap<UserId, Holder>,
    machines: BTreeMap<Machine, Holder>,
    roles: BTreeMap<RoleId, RoleHoldings>,
}

/// What a user or a machine holds.
#[derive(Debug, Default)]
struct Holder {
    prefix: Option<(String, Cause)>,
    roles: BTreeMap<RoleId, Cause>,
    own: Permissions,
}

#[derive(Debug)]
struct RoleHoldings {
    name: RoleName,
    permissions: Permissions,
}

impl Holdings {
    /// Empty: nobody holds anything.
    pub(super) fn within(model: &'static Model) -> Self {
        Self {
            model,
            users: BTreeMap::new(),
            machines: BTreeMap::new(),
            roles: BTreeMap::new(),
        }
    }

    /// Applies the next event.
    pub(super) fn apply(&mut self, recorded: &Recorded) {
        match About::from(recorded) {
            About::User(id, event) => self.apply_to_user(id, event, || Cause::from(recorded)),
            About::Role(id, event) => self.apply_to_role(id, event, || Cause::from(recorded)),
            // A token has no rights of its own.
            About::Session(..) | About::Nobody => {}
        }
        for fact in (self.model.facts)(&recorded.aggregate_id, &recorded.event) {
            match fact {
                Fact::Machine { machine, step } => {
                    self.apply_to_machine(machine, step, || Cause::from(recorded))
                }
                // The engine's directory knows where resources are.
                Fact::Placed { .. } | Fact::Removed { .. } => {}
            }
        }
    }

    fn apply_to_machine(&mut self, machine: Machine, step: MachineStep, cause: impl Fn() -> Cause) {
        if step == MachineStep::Made {
            self.machines.entry(machine).or_default();
            return;
        }
        let Some(holder) = self.machines.get_mut(&machine) else {
            return;
        };
        match step {
            MachineStep::RoleGranted(role) => {
                holder.roles.entry(role).or_insert_with(cause);
            }
            MachineStep::RoleRevoked(role) => {
                holder.roles.remove(&role);
            }
            MachineStep::PermissionGranted(permission) => {
                holder.own.insert(permission.id, (permission, cause()));
            }
            MachineStep::PermissionRevoked(id) => {
                holder.own.remove(&id);
            }
            MachineStep::Gone => {
                self.machines.remove(&machine);
            }
            MachineStep::Made | MachineStep::CredentialIssued(..) | MachineStep::CredentialVoided(_) => {}
        }
    }

    fn apply_to_user(&mut self, id: UserId, event: &UserEvent, cause: impl Fn() -> Cause) {
        let with_prefix = |prefix: &Option<String>| prefix.clone().map(|prefix| (prefix, cause()));
        match event {
            UserEvent::Created {
                mqtt_publish_prefix, ..
            } => {
                self.users.entry(id).or_insert_with(|| Holder {
                    prefix: with_prefix(mqtt_publish_prefix),
                    ..Holder::default()
                });
            }
            UserEvent::PublishPrefixChanged { mqtt_publish_prefix } => {
                self.change_user(id, |user| user.prefix = with_prefix(mqtt_publish_prefix));
            }
            UserEvent::RoleGranted { role_id, .. } => self.change_user(id, |user| {
                user.roles.entry(*role_id).or_insert_with(&cause);
            }),
            UserEvent::RoleRevoked { role_id } => self.change_user(id, |user| {
                user.roles.remove(role_id);
            }),
            UserEvent::PermissionGranted { permission } => self.change_user(id, |user| {
                user.own.insert(permission.id, (permission.clone(), cause()));
            }),
            UserEvent::PermissionRevoked { id: permission } => self.change_user(id, |user| {
                user.own.remove(permission);
            }),
            UserEvent::Deleted {} => {
                self.users.remove(&id);
            }
            // The engine's own fold decides what these events do to the user's credentials.
            UserEvent::Renamed { .. }
            | UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordSet { .. }
            | UserEvent::PasswordRehashed { .. }
            | UserEvent::IdentityProviderChanged { .. }
            | UserEvent::GrantTypesChanged { .. }
            | UserEvent::MfaEnforcementChanged { .. }
            | UserEvent::PasswordChangeDemanded { .. }
            | UserEvent::TotpOffered { .. }
            | UserEvent::TotpEnrolled { .. }
            | UserEvent::SecondFactorUsed { .. }
            | UserEvent::SecondFactorRefused { .. }
            | UserEvent::BackupCodesReplaced { .. }
            | UserEvent::SecondFactorDisabled { .. }
            | UserEvent::CertificateAdded { .. }
            | UserEvent::CertificateRemoved { .. }
            | UserEvent::TokensRevoked {}
            | UserEvent::SessionsEnded { .. }
            | UserEvent::SessionsByMethodEnded { .. }
            | UserEvent::Revoked {} => {}
        }
    }

    fn change_user(&mut self, id: UserId, change: impl FnOnce(&mut Holder)) {
        if let Some(user) = self.users.get_mut(&id) {
            change(user);
        }
    }

    fn apply_to_role(&mut self, id: RoleId, event: &RoleEvent, cause: impl Fn() -> Cause) {
        match event {
            RoleEvent::Created { name, .. } => {
                self.roles.entry(id).or_insert_with(|| RoleHoldings {
                    name: name.clone(),
                    permissions: Permissions::new(),
                });
            }
            RoleEvent::Renamed { name } => self.change_role(id, |role| role.name = name.clone()),
            RoleEvent::PermissionAdded { permission } => self.change_role(id, |role| {
                role.permissions
                    .insert(permission.id, (permission.clone(), cause()));
            }),
            RoleEvent::PermissionChanged {
                id: permission,
                resource,
                operation,
            } => self.change_role(id, |role| {
                if let Some((permission, given)) = role.permissions.get_mut(permission) {
                    permission.resource = resource.clone();
                    permission.operation = *operation;
                    *given = cause();
                }
            }),
            RoleEvent::PermissionRemoved { id: permission } => self.change_role(id, |role| {
                role.permissions.remove(permission);
            }),
            RoleEvent::Deleted {} => {
                self.roles.remove(&id);
                for holder in self.users.values_mut().chain(self.machines.values_mut()) {
                    holder.roles.remove(&id);
                }
            }
            RoleEvent::SharingChanged { .. }
            | RoleEvent::GroupFormed { .. }
            | RoleEvent::GroupAddsNewApplicationsChanged { .. }
            | RoleEvent::ApplicationAttached { .. }
            | RoleEvent::ApplicationDetached { .. } => {}
        }
    }

    fn change_role(&mut self, id: RoleId, change: impl FnOnce(&mut RoleHoldings)) {
        if let Some(role) = self.roles.get_mut(&id) {
            change(role);
        }
    }

    /// All grants that count for a principal, in the order in which they were granted.
    pub(super) fn grants(&self, principal: Principal) -> Vec<Grant> {
        let mut grants: Vec<Grant> = match principal {
            Principal::Role(role) => self.of_role(role, None).collect(),
            Principal::User(_) | Principal::Machine(_) => self.of_holder(self.holder(principal)),
        };
        grants.sort_by_key(Grant::order);
        grants
    }

    fn of_holder(&self, holder: Option<&Holder>) -> Vec<Grant> {
        let Some(holder) = holder else {
            return Vec::new();
        };
        let roles = holder.roles.iter();
        let by_roles = roles.flat_map(|(role, granted)| self.of_role(*role, Some(granted)));
        by_roles.chain(holder.own.values().map(own)).collect()
    }

    /// A permission of a principal's own.
    pub(super) fn own(&self, principal: Principal, permission: PermissionId) -> Option<Grant> {
        self.holder(principal)?.own.get(&permission).map(own)
    }

    /// All permissions of a principal's own.
    pub(super) fn all_own(&self, principal: Principal) -> BTreeMap<PermissionId, Grant> {
        let held = self.holder(principal).into_iter().flat_map(|holder| &holder.own);
        held.map(|(id, entry)| (*id, own(entry))).collect()
    }

    /// Whether a role counts for a principal, and by which event it was granted: by none if the role is the principal.
    pub(super) fn held_role(&self, principal: Principal, role: RoleId) -> Option<Option<Cause>> {
        let counts = self.roles.contains_key(&role);
        match principal {
            Principal::Role(subject) => (counts && subject == role).then_some(None),
            Principal::User(_) | Principal::Machine(_) => {
                let granted = self.holder(principal)?.roles.get(&role);
                granted.filter(|_| counts).cloned().map(Some)
            }
        }
    }

    /// The same for all roles that count.
    pub(super) fn held_roles(&self, principal: Principal) -> BTreeMap<RoleId, Option<Cause>> {
        let held: Vec<RoleId> = match principal {
            Principal::Role(role) => vec![role],
            Principal::User(_) | Principal::Machine(_) => {
                let roles = self.holder(principal).map(|holder| holder.roles.keys().copied());
                roles.into_iter().flatten().collect()
            }
        };
        let held = held.into_iter();
        held.filter_map(|role| Some((role, self.held_role(principal, role)?)))
            .collect()
    }

    fn holder(&self, principal: Principal) -> Option<&Holder> {
        match principal {
            Principal::User(user) => self.users.get(&user),
            Principal::Machine(machine) => self.machines.get(&machine),
            Principal::Role(_) => None,
        }
    }

    fn of_role<'a>(&'a self, id: RoleId, granted: Option<&'a Cause>) -> impl Iterator<Item = Grant> + 'a {
        let role = self.roles.get(&id);
        role.into_iter().flat_map(move |role| {
            let entries = role.permissions.values();
            entries.map(move |entry| role.grant(id, granted, entry))
        })
    }

    /// The prefix that is put before topics to which a principal publishes, and the event that set it.
    pub(super) fn prefix(&self, principal: Principal) -> Option<(&str, &Cause)> {
        match principal {
            Principal::User(user) => {
                let prefix = self.users.get(&user)?.prefix.as_ref()?;
                Some((&prefix.0, &prefix.1))
            }
            Principal::Role(_) | Principal::Machine(_) => None,
        }
    }
}

impl RoleHoldings {
    fn grant(&self, id: RoleId, granted: Option<&Cause>, (permission, given): &(Permission, Cause)) -> Grant {
        Grant {
            permission: permission.clone(),
            given: given.clone(),
            through: Some(Through {
                role: id,
                name: self.name.clone(),
                granted: granted.cloned(),
            }),
        }
    }
}

fn own((permission, given): &(Permission, Cause)) -> Grant {
    Grant {
        permission: permission.clone(),
        given: given.clone(),
        through: None,
    }
}

impl Grant {
    /// The order in which grants are listed: by the event since which they count, then by the event that granted them.
    pub(super) fn order(&self) -> (i64, i64, PermissionId) {
        (self.since(), self.given.position, self.permission.id)
    }

    /// The position since which the grant counts: the later of the two events that it needs.
    pub fn since(&self) -> i64 {
        let granted = self.through.as_ref().and_then(|through| through.granted.as_ref());
        granted.map_or(self.given.position, |granted| {
            granted.position.max(self.given.position)
        })
    }
}
