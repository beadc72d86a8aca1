//! Effects: the rights that a holder would gain and lose.

use std::sync::Arc;

use crate::principals::machines::Machine;
use aggregates::values::{Context, Operation, RoleId, RoleName, TopicFilter, UserId};

/// What would change for one holder of rights.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// The holder.
    pub on: Affected,
    /// The rights that the holder does not have but would have, in order.
    pub gained: Vec<Right>,
    /// The rights that the holder has but would not have, in order.
    pub lost: Vec<Right>,
    /// The prefix before the topics to which a user publishes: now and afterwards, if it would change.
    pub prefix: Option<[Option<Arc<str>>; 2]>,
}

/// A holder of rights.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Affected {
    /// A role by itself.
    Role(RoleId),
    /// A role that would be created; it would get an id like this one.
    NewRole(RoleId, RoleName),
    /// A user.
    User(UserId),
    /// A user who would be created; they would get an id like this one.
    NewUser(UserId, String),
    /// A machine.
    Machine(Machine),
    /// A machine that would be created; it would get an id like this one.
    NewMachine(Machine),
}

/// A right, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The role that grants it; `None` for a user's own permission.
    pub through: Option<RoleOfRight>,
    /// Where the right applies.
    pub context: Context,
    /// The pattern of the right.
    pub resource: TopicFilter,
    /// The operation that the right allows.
    pub operation: Operation,
}

/// A role that grants a right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleOfRight {
    /// The id; `None` if the role would be created.
    pub id: Option<RoleId>,
    /// The name: the present name if the right is lost, the future name if the right is gained.
    pub name: RoleName,
}

impl Effect {
    pub(super) fn if_any(self) -> Option<Self> {
        let any = !self.gained.is_empty() || !self.lost.is_empty() || self.prefix.is_some();
        any.then_some(self)
    }
}
