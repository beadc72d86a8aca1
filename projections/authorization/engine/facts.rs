//! Facts: what events say about machines and about where resources are. What the events of a new aggregate mean to
//! the engine stands here and nowhere else: an aggregate that is neither a machine nor a resource states no facts.

use aggregates::{
    Event,
    values::{Permission, PermissionId, RoleId, Timestamp},
};

use crate::{
    directory::ResourceId,
    principals::machines::{Credential, Machine},
    vocabularies::{nx, os2iot},
};

/// A fact that an event states.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// From now on, a resource belongs to `parents`: it was created, or it moved.
    Placed {
        /// The resource.
        resource: ResourceId,
        /// All resources to which it belongs.
        parents: Vec<ResourceId>,
    },
    /// A resource no longer exists.
    Removed {
        /// The resource.
        resource: ResourceId,
    },
    /// Something happened to a machine.
    Machine {
        /// The machine.
        machine: Machine,
        /// What happened.
        step: MachineStep,
    },
}

/// What can happen to a machine.
#[derive(Clone, Debug, PartialEq)]
pub enum MachineStep {
    /// The machine exists from now on.
    Made,
    /// The machine holds a role, or is in a group.
    RoleGranted(RoleId),
    /// The machine no longer holds a role.
    RoleRevoked(RoleId),
    /// The machine has a permission of its own. If it had one with this id, the new one replaces it.
    PermissionGranted(Permission),
    /// The machine lost a permission of its own.
    PermissionRevoked(PermissionId),
    /// The machine may present a credential until this time; `None` means without end.
    CredentialIssued(Credential, Option<Timestamp>),
    /// The machine may no longer present a credential.
    CredentialVoided(Credential),
    /// The machine no longer exists and lost everything it held.
    Gone,
}

/// The facts that an event of this server states, in order.
pub(crate) fn of(stream: &str, event: &Event) -> Vec<Fact> {
    match event {
        // The engine folds these events itself.
        Event::User(_) | Event::Session(_) => Vec::new(),
        // The tokens of a sign-in are sessions.
        Event::SignIn(_) => Vec::new(),
        // An account of Nx says how to reach a user.
        Event::NxAccount(_) => Vec::new(),
        // The engine folds roles itself, too. A role that is a group is also a resource.
        Event::Role(_)
        | Event::Organisation(_)
        | Event::Application(_)
        | Event::Account(_)
        | Event::ApiKey(_) => os2iot::facts(stream, event),
        // A user presents a certificate by an event of their own, whoever issued it.
        Event::CertifiedKey(_) | Event::Authority(_) => Vec::new(),
        // A service account acts as a user, who has events of their own.
        Event::ServiceAccount(_) => Vec::new(),
        // A device that registers is neither a machine nor a resource. Its user has events of its own.
        Event::ClientRegistry(_) | Event::Registration(_) => Vec::new(),
        Event::Licence(event) => nx::facts(stream, event),
        // Agreements and seats are no resources.
        Event::Agreement(_) | Event::Seat(_) => Vec::new(),
    }
}
