//! Machines: API keys, devices and service accounts. They hold roles and permissions as users do, and prove their
//! identity by a secret or a certificate.
//!
//! The model registers each kind of machine: a [`MachineKind`] and a [`SubjectType`](super::subject::SubjectType). The
//! facts of its events supply the rest. The check path of users does not know machines.

use aggregates::values::{Fingerprint, Permission, Timestamp};
use seize::LocalGuard;
use uuid::Uuid;

use super::{
    certificates::Digest,
    subject::Reason,
    users::{Extra, RoleStep, Roles},
};
use crate::{
    Authorization, Interest,
    engine::{apply::WriterState, facts::MachineStep},
    patterns::{grants::Grants, permissions::Permissions},
    vocabularies::{Inquiry, access::Access},
};

/// A kind of machines.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineKind {
    /// The subject type that names such a machine by its id.
    pub subject_type: &'static str,
    /// The aggregate whose streams record what such a machine holds.
    pub aggregate_type: &'static str,
}

/// A machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Machine {
    /// The kind of the machine.
    pub kind: &'static MachineKind,
    /// The id, unique within the kind.
    pub id: Uuid,
}

/// What a machine presents to prove its identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// A secret, by its SHA-256.
    Secret([u8; 32]),
    /// A certificate.
    Certificate(Fingerprint),
}

/// A credential of a machine, in as little memory as its digest takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CredentialKey {
    Secret([u8; 32]),
    Certificate(Digest),
}

impl CredentialKey {
    fn of(credential: &Credential) -> Option<Self> {
        match credential {
            Credential::Secret(digest) => Some(Self::Secret(*digest)),
            Credential::Certificate(fingerprint) => Digest::of(fingerprint).map(Self::Certificate),
        }
    }
}

/// A valid credential.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issued {
    machine: Machine,
    expires_at: Option<Timestamp>,
}

/// A machine: immutable, replaced as a whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct MachineEntry {
    pub(crate) roles: Roles,
    pub(crate) own: Extra,
    credentials: Vec<CredentialKey>,
}

impl Authorization {
    /// Whether the machine exists.
    pub fn has_machine(&self, machine: Machine) -> bool {
        self.machines.contains_key(&machine, &self.collector.enter())
    }

    /// The machine that has the credential at `now`: `None` if none has it, an error if the credential expired.
    pub fn machine_with(&self, credential: &Credential, now: Timestamp) -> Option<Result<Machine, Reason>> {
        self.machine_by(CredentialKey::of(credential)?, now, &self.collector.enter())
    }

    /// The machine that has the credential, unless the credential expired.
    pub(crate) fn machine_by(
        &self,
        credential: CredentialKey,
        now: Timestamp,
        guard: &LocalGuard<'_>,
    ) -> Option<Result<Machine, Reason>> {
        let issued = self.credentials.get(&credential, guard)?;
        Some(match issued.expires_at {
            Some(end) if end <= now => Err(Reason::Expired),
            Some(_) | None => Ok(issued.machine),
        })
    }

    /// Whether a machine may do something. Call it within [`Authorization::consistently`].
    pub(crate) fn machine_grants(
        &self,
        machine: Machine,
        access: &Access<'_>,
        guard: &LocalGuard<'_>,
    ) -> bool {
        self.machines.get(&machine, guard).is_some_and(|entry| {
            access.holds(None, |question, wanted| {
                let missing = self.grants_all(entry.roles.as_slice(), question, wanted, guard);
                missing & !entry.own.grants.granted(question, missing) == 0
            })
        })
    }

    /// The machines of a kind after `after` that may do something, at most `limit`, in the order of their ids.
    pub fn machines_that_may(
        &self,
        kind: &MachineKind,
        inquiry: &Inquiry<'_>,
        after: Option<Uuid>,
        limit: usize,
        interest: &Interest,
    ) -> Vec<Machine> {
        let guard = self.collector.enter();
        let of_kind = self.machines.iter(&guard).map(|(machine, _)| *machine);
        let of_kind = of_kind.filter(|machine| machine.kind == kind);
        let mut machines: Vec<Machine> = of_kind
            .filter(|machine| after.is_none_or(|after| machine.id > after))
            .collect();
        machines.sort_unstable();
        let may = |machine: &Machine| {
            self.settled(&guard, |guard| {
                let access = inquiry.resolve(&self.places(guard));
                access.is_ok_and(|access| self.machine_grants(*machine, &access, guard))
            })
        };
        let machines = machines.into_iter().take_while(|_| !interest.is_lost());
        machines.filter(may).take(limit).collect()
    }

    /// Calls `take` with each permission that counts for a machine.
    pub(crate) fn each_permission_of_machine(
        &self,
        machine: Machine,
        guard: &LocalGuard<'_>,
        take: &mut dyn FnMut(&Permission),
    ) {
        let Some(entry) = self.machines.get(&machine, guard) else {
            return;
        };
        for index in entry.roles.as_slice() {
            self.each_permission_of_role(*index, guard, take);
        }
        entry.own.permissions.as_slice().iter().for_each(take);
    }

    /// Applies what happened to a machine.
    pub(crate) fn apply_to_machine(
        &self,
        writer: &mut WriterState,
        machine: Machine,
        step: &MachineStep,
        guard: &LocalGuard<'_>,
    ) {
        let before = self.machines.get(&machine, guard);
        let Some(mut after) = fold(before.cloned(), step) else {
            for key in before.iter().flat_map(|entry| &entry.credentials) {
                self.void(*key, machine, guard);
            }
            self.machines.remove(&machine, guard);
            return;
        };
        match step.of_roles() {
            RoleStep::Kept => {}
            step => after.roles = self.roles_after(writer, &after.roles, step, guard),
        }
        match step {
            MachineStep::CredentialIssued(credential, expires_at) => {
                if let Some(key) = CredentialKey::of(credential) {
                    after.credentials.push(key);
                    let expires_at = *expires_at;
                    self.credentials
                        .insert(key, Issued { machine, expires_at }, guard);
                }
            }
            MachineStep::CredentialVoided(credential) => {
                if let Some(key) = CredentialKey::of(credential) {
                    after.credentials.retain(|held| *held != key);
                    self.void(key, machine, guard);
                }
            }
            MachineStep::Made
            | MachineStep::RoleGranted(_)
            | MachineStep::RoleRevoked(_)
            | MachineStep::PermissionGranted(_)
            | MachineStep::PermissionRevoked(_)
            | MachineStep::Gone => {}
        }
        self.machines.insert(machine, after, guard);
    }

    /// If another machine has the credential by now, that machine keeps it.
    fn void(&self, key: CredentialKey, machine: Machine, guard: &LocalGuard<'_>) {
        let _ = self
            .credentials
            .remove_if(&key, |_, issued| issued.machine == machine, guard);
    }
}

/// A machine after a step. This ignores roles and credentials: only the writer knows them.
pub(crate) fn fold(machine: Option<MachineEntry>, step: &MachineStep) -> Option<MachineEntry> {
    match step {
        MachineStep::Made => Some(machine.unwrap_or_default()),
        MachineStep::PermissionGranted(permission) => changed(machine, |own| own.add(permission.clone())),
        MachineStep::PermissionRevoked(id) => changed(machine, |own| own.remove(*id)),
        MachineStep::Gone => None,
        MachineStep::RoleGranted(_)
        | MachineStep::RoleRevoked(_)
        | MachineStep::CredentialIssued(..)
        | MachineStep::CredentialVoided(_) => machine,
    }
}

fn changed(machine: Option<MachineEntry>, change: impl FnOnce(&mut Permissions)) -> Option<MachineEntry> {
    machine.map(|mut entry| {
        change(&mut entry.own.permissions);
        entry.own.grants = Grants::of(&entry.own.permissions);
        entry
    })
}

impl MachineStep {
    /// What a step does to the roles of the machine.
    pub(crate) fn of_roles(&self) -> RoleStep {
        match self {
            Self::RoleGranted(role) => RoleStep::Granted(*role),
            Self::RoleRevoked(role) => RoleStep::Revoked(*role),
            Self::Made
            | Self::PermissionGranted(_)
            | Self::PermissionRevoked(_)
            | Self::CredentialIssued(..)
            | Self::CredentialVoided(_)
            | Self::Gone => RoleStep::Kept,
        }
    }
}
