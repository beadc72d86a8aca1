//! What events say of machines and of where resources are. A new aggregate says here what it means to both.

use aggregates::{
    Event,
    values::{Permission, PermissionId, RoleId, Timestamp},
};

use crate::{
    directory::ResourceId,
    principals::machines::{Credential, Machine},
};

/// Something that an event says.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A resource belongs to these others from now on: it was made, or it moved.
    Placed {
        /// Which.
        resource: ResourceId,
        /// All that it belongs to.
        parents: Vec<ResourceId>,
    },
    /// A resource is gone.
    Removed {
        /// Which.
        resource: ResourceId,
    },
    /// Something happened to a machine.
    Machine {
        /// To which.
        machine: Machine,
        /// What happened.
        step: MachineStep,
    },
}

/// What can have happened to a machine.
#[derive(Clone, Debug, PartialEq)]
pub enum MachineStep {
    /// It exists from now on.
    Made,
    /// It holds a role, or is in a group.
    RoleGranted(RoleId),
    /// It no longer holds a role.
    RoleRevoked(RoleId),
    /// It has a permission of its own, or the permission of this id says something else.
    PermissionGranted(Permission),
    /// It lost a permission of its own.
    PermissionRevoked(PermissionId),
    /// It may present a credential until then.
    CredentialIssued(Credential, Option<Timestamp>),
    /// It may no longer present a credential.
    CredentialVoided(Credential),
    /// It is gone, with all it held.
    Gone,
}

/// What an event of this server says, in order.
pub(crate) fn of(_stream: &str, event: &Event) -> Vec<Fact> {
    match event {
        // The engine's folds take these themselves.
        Event::User(_) | Event::Role(_) | Event::Session(_) => Vec::new(),
    }
}
