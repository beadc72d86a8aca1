//! Why a role refuses a command.

use crate::{Classified, ErrorKind};

/// A role refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// There is no such role, or there is no longer.
    #[error("there is no such role")]
    NotFound,
    /// The id is in use, or was.
    #[error("a role with this id exists or existed")]
    AlreadyExists,
    /// The role has no such permission.
    #[error("the role has no such permission")]
    PermissionNotFound,
    /// The id is in use in this role.
    #[error("a permission with this id is already in the role")]
    PermissionIdTaken,
    /// In context http a resource starts with `/`.
    #[error("resource: must start with / in context http")]
    ResourceNotAPath,
    /// The administrator role keeps its name, its sharing and its permissions, and stays.
    #[error("the administrator role cannot be changed or deleted")]
    Protected,
}

impl Classified for RoleError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::PermissionNotFound => ErrorKind::NotFound,
            Self::AlreadyExists | Self::PermissionIdTaken => ErrorKind::Conflict,
            Self::ResourceNotAPath => ErrorKind::Invalid,
            Self::Protected => ErrorKind::Protected,
        }
    }
}
