//! Why a role refuses a command.

use crate::{Classified, ErrorKind, values::Invalid};

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
}

impl Classified for RoleError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::PermissionNotFound => ErrorKind::NotFound,
            Self::AlreadyExists | Self::PermissionIdTaken => ErrorKind::Conflict,
            Self::Invalid(_) | Self::ResourceNotAPath => ErrorKind::Invalid,
            Self::Protected => ErrorKind::Protected,
        }
    }
}
