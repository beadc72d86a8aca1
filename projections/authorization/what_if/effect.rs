//! What is told: rights that would be gained and lost.

use std::sync::Arc;

use crate::principals::machines::Machine;
use aggregates::values::{Context, Operation, RoleId, RoleName, TopicFilter, UserId};

/// What would change for one who holds rights.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// For whom.
    pub on: Affected,
    /// What they would be granted and are not, in order.
    pub gained: Vec<Right>,
    /// What they are granted and would not be, in order.
    pub lost: Vec<Right>,
    /// What is put before the topics that a user publishes to, before and after, if it would change.
    pub prefix: Option<[Option<Arc<str>>; 2]>,
}

/// One who holds rights.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Affected {
    /// A role by itself.
    Role(RoleId),
    /// A role that would be made, under an id like this one.
    NewRole(RoleId, RoleName),
    /// A user.
    User(UserId),
    /// A user who would be made, under an id like this one.
    NewUser(UserId, String),
    /// A machine.
    Machine(Machine),
    /// A machine that would be made, under an id like this one.
    NewMachine(Machine),
}

/// A right, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The role that grants it; `None` for one of a user's own.
    pub through: Option<RoleOfRight>,
    /// Where it holds.
    pub context: Context,
    /// A pattern.
    pub resource: TopicFilter,
    /// What it allows.
    pub operation: Operation,
}

/// A role that grants something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleOfRight {
    /// `None` if it would be made.
    pub id: Option<RoleId>,
    /// Its name: as it is if the right is lost, as it would be if the right is gained.
    pub name: RoleName,
}

impl Effect {
    pub(super) fn if_any(self) -> Option<Self> {
        let any = !self.gained.is_empty() || !self.lost.is_empty() || self.prefix.is_some();
        any.then_some(self)
    }
}
