//! Why a role refuses a command.

use crate::{
    Classified, ErrorKind,
    values::{Invalid, NUMBER_TAKEN},
};

/// A role refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// The role does not exist, or no longer exists.
    #[error("there is no such role")]
    NotFound,
    /// The id is or was in use.
    #[error("a role with this id exists or existed")]
    AlreadyExists,
    /// The new name or permission breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The role does not have this permission.
    #[error("the role has no such permission")]
    PermissionNotFound,
    /// The role has another permission with this id.
    #[error("a permission with this id is already in the role")]
    PermissionIdTaken,
    /// In context http, a resource must start with `/`.
    #[error("resource: must start with / in context http")]
    ResourceNotAPath,
    /// The administrator role cannot change: not its name, its sharing nor its permissions; and nobody can delete it.
    #[error("the administrator role cannot be changed or deleted")]
    Protected,
    /// The number of the group is or was in use.
    #[error("a group with this number exists or existed")]
    NumberTaken,
    /// A new group has a level twice.
    #[error("a group has each level once")]
    LevelTwice,
    /// A group of an organisation would be global, or it has no level.
    #[error("a group needs levels, and only the group without an organisation is global")]
    LevelsOfGroup,
}

impl Classified for RoleError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::PermissionNotFound => ErrorKind::NotFound,
            Self::AlreadyExists | Self::NumberTaken | Self::PermissionIdTaken => ErrorKind::Conflict,
            Self::Invalid(_) | Self::ResourceNotAPath | Self::LevelTwice | Self::LevelsOfGroup => {
                ErrorKind::Invalid
            }
            Self::Protected => ErrorKind::Protected,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::NumberTaken => NUMBER_TAKEN,
            _ => self.kind().code(),
        }
    }
}
