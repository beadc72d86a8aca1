//! Which streams matter to a subject and a resource: those of everything that they are, hold or belong to at any time.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Recorded, Registered,
    account::Account,
    role::Role,
    session::{Session, SessionEvent},
    user::User,
    values::RoleId,
};

use crate::{
    Subject,
    directory::ResourceId,
    engine::{
        about::About,
        facts::{Fact, MachineStep},
    },
    principals::{
        machines::Machine,
        users::{self, RoleStep},
    },
    vocabularies::{MODEL, Model},
};

/// A stream: the type of its aggregate, and its id.
pub type Stream = (&'static str, String);

/// The streams that are known to matter. Reading them may add more, until all are read.
pub struct Streams {
    model: &'static Model,
    known: BTreeSet<Stream>,
    unread: BTreeSet<Stream>,
}

impl Default for Streams {
    fn default() -> Self {
        Self::within(&MODEL)
    }
}

impl Streams {
    /// An empty set of streams, for a model.
    pub fn within(model: &'static Model) -> Self {
        Self {
            model,
            known: BTreeSet::new(),
            unread: BTreeSet::new(),
        }
    }

    /// Adds a user's stream.
    pub fn add_user(&mut self, id: impl ToString) {
        self.add((User::TYPE, id.to_string()));
    }

    /// Adds a session's stream.
    pub fn add_session(&mut self, id: impl ToString) {
        self.add((Session::TYPE, id.to_string()));
    }

    fn add_role(&mut self, id: impl ToString) {
        self.add((Role::TYPE, id.to_string()));
    }

    fn add_machine(&mut self, machine: Machine) {
        self.add((machine.kind.aggregate_type, machine.id.to_string()));
    }

    /// Adds the stream of the subject itself, if its id names one. The code that reads the ledger finds the streams
    /// that mention a name, a certificate or a token.
    pub fn add_subject(&mut self, subject: &Subject) {
        match subject {
            Subject::User(user) => self.add_user(user),
            Subject::Role(role) => self.add_role(role),
            Subject::Machine(machine) => self.add_machine(*machine),
            Subject::Account(account) => self.add((Account::TYPE, account.to_string())),
            Subject::Username(_) | Subject::Certificate(_) | Subject::Token(_) => {}
        }
    }

    /// Adds the stream of a resource, if it has one.
    pub fn add_resource(&mut self, resource: &ResourceId) {
        let resource_type = self.model.resource_type(resource.resource_type);
        if let Some(stream) = resource_type.and_then(|of| of.stream(&resource.id)) {
            self.add(stream);
        }
    }

    /// Adds the stream of what a resource belongs to. An account belongs to its user.
    fn add_parent(&mut self, parent: &ResourceId) {
        match parent.resource_type == users::BY_ID.name {
            true => self.add_user(&parent.id),
            false => self.add_resource(parent),
        }
    }

    fn add(&mut self, stream: Stream) {
        if self.known.insert(stream.clone()) {
            self.unread.insert(stream);
        }
    }

    /// The streams to read next, by their types; empty once all are read.
    pub fn unread(&mut self) -> BTreeMap<&'static str, BTreeSet<String>> {
        let mut next: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for (aggregate_type, id) in std::mem::take(&mut self.unread) {
            next.entry(aggregate_type).or_default().insert(id);
        }
        next
    }

    /// The roles whose streams would be read next. The caller knows another way to what happened to them, so their streams are not read.
    pub fn unread_roles(&mut self) -> Vec<RoleId> {
        let unread = std::mem::take(&mut self.unread);
        let (roles, rest): (BTreeSet<Stream>, BTreeSet<Stream>) = unread
            .into_iter()
            .partition(|(aggregate_type, _)| *aggregate_type == Role::TYPE);
        self.unread = rest;
        let ids = roles.iter().map(|(_, id)| RoleId::parse(id));
        ids.filter_map(Result::ok).collect()
    }

    /// Takes an event of one of the streams: it may name more streams that matter.
    pub fn take(&mut self, recorded: &Recorded) {
        match About::from(recorded) {
            About::User(_, event) => match RoleStep::of(event) {
                RoleStep::Granted(role) => self.add_role(role),
                RoleStep::Revoked(_) | RoleStep::Kept => {}
            },
            About::Session(_, event) => match event {
                SessionEvent::TokenIssued { user_id, .. } => self.add_user(user_id),
                SessionEvent::TokenRevoked {} => {}
            },
            About::Role(..) | About::Nobody => {}
        }
        for fact in (self.model.facts)(&recorded.aggregate_id, &recorded.event) {
            match fact {
                Fact::Placed { resource: _, parents } => {
                    parents.iter().for_each(|parent| self.add_parent(parent));
                }
                Fact::Machine { machine, step } => {
                    self.add_machine(machine);
                    match step {
                        MachineStep::RoleGranted(role) => self.add_role(role),
                        MachineStep::Made
                        | MachineStep::RoleRevoked(_)
                        | MachineStep::PermissionGranted(_)
                        | MachineStep::PermissionRevoked(_)
                        | MachineStep::CredentialIssued(..)
                        | MachineStep::CredentialVoided(_)
                        | MachineStep::Gone => {}
                    }
                }
                Fact::Removed { .. } => {}
            }
        }
    }
}

/// The username that a user has after these events, which must be in order.
pub fn last_username(events: &[Recorded]) -> Option<&str> {
    events
        .iter()
        .rev()
        .find_map(|recorded| match About::from(recorded) {
            About::User(_, event) => event.username(),
            About::Session(..) | About::Role(..) | About::Nobody => None,
        })
}
