//! Why somebody may not give something.

use std::fmt;

use aggregates::{
    Classified, ErrorKind,
    values::{Operation, RoleId, TopicFilter, UserId},
};

use crate::shortened;

/// A right that a giver does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRight {
    /// The name of the space in which the pattern applies, such as `mqtt`.
    pub space: &'static str,
    /// The operations that the giver does not hold.
    pub operation: Operation,
    /// The pattern.
    pub resource: TopicFilter,
}

impl MissingRight {
    pub(super) fn new(space: &'static str, operation: Operation, resource: &TopicFilter) -> Self {
        Self {
            space,
            operation,
            resource: resource.clone(),
        }
    }
}

/// For example `write on plant/7/# in context mqtt`.
impl fmt::Display for MissingRight {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (operation, space) = (self.operation.as_str(), self.space);
        let shown = shortened(&self.resource);
        write!(to, "{operation} on {shown} in context {space}")
    }
}

/// Why somebody may not give something: a right that they do not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lacking {
    /// The change adds this right.
    #[error("this would give a right that you do not hold: {0}")]
    Right(MissingRight),
    /// Somebody would get a role that grants this right.
    #[error("role {0} gives a right that you do not hold: {1}")]
    OfRole(RoleId, MissingRight),
    /// The change is about how this user acts, and the user holds this right.
    #[error("user {0} holds a right that you do not hold: {1}")]
    OfUser(UserId, MissingRight),
    /// Somebody would get the administrators' role.
    #[error("only an administrator can make somebody an administrator")]
    Administrator,
    /// The change is about how this user acts, and the user is an administrator.
    #[error("user {0} is an administrator, and you are not")]
    OfAdministrator(UserId),
}

impl Lacking {
    /// The same, if a user holds what is missing.
    pub(super) fn held_by(self, user: UserId) -> Self {
        match self {
            Self::Right(missing) | Self::OfRole(_, missing) | Self::OfUser(_, missing) => {
                Self::OfUser(user, missing)
            }
            Self::Administrator | Self::OfAdministrator(_) => Self::OfAdministrator(user),
        }
    }

    /// The user whose rights the message shows, if it shows any.
    pub fn shows(&self) -> Option<UserId> {
        match self {
            Self::OfUser(user, _) | Self::OfAdministrator(user) => Some(*user),
            Self::Right(_) | Self::OfRole(..) | Self::Administrator => None,
        }
    }

    /// The message for a reader who may not know what a user holds.
    pub fn without_rights(user: UserId) -> String {
        format!("user {user} holds a right that you do not hold")
    }
}

impl Classified for Lacking {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Forbidden
    }

    fn code(&self) -> &'static str {
        "not_held"
    }
}
