//! Why a user refuses a command.

use crate::{Classified, ErrorKind, values::RoleId};

/// A user refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// There is no such user, or there is no longer.
    #[error("there is no such user")]
    NotFound,
    /// The id is in use, or was.
    #[error("a user with this id exists or existed")]
    AlreadyExists,
    /// A method occurs twice.
    #[error("a grant type method occurs twice")]
    DuplicateGrantMethod,
    /// The publish prefix is not a topic.
    #[error("mqttPublishPrefix must be a topic without wildcards or NUL, at most 65535 bytes")]
    PublishPrefixInvalid,
    /// A local user who logs in by password has no password.
    #[error("a local user with the grant type password needs a password")]
    PasswordMissing,
    /// This server does not keep the user's password.
    #[error("the password of this user is kept by another identity provider")]
    PasswordNotLocal,
    /// The password that was verified is no longer the user's.
    #[error("the password was changed by somebody else meanwhile")]
    PasswordNotCurrent,
    /// The role is not held.
    #[error("the user does not hold role {0}")]
    RoleNotHeld(RoleId),
    /// The permission is not held.
    #[error("the user has no such permission of their own")]
    PermissionNotHeld,
    /// The id is in use in this user.
    #[error("a permission with this id is already held")]
    PermissionIdTaken,
    /// The certificate is not held.
    #[error("the user has no such certificate")]
    CertificateNotHeld,
    /// The certificate is held.
    #[error("the user has this certificate already")]
    CertificateAlreadyHeld,
}

impl Classified for UserError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::RoleNotHeld(_) | Self::PermissionNotHeld | Self::CertificateNotHeld => {
                ErrorKind::NotFound
            }
            Self::AlreadyExists
            | Self::PasswordNotCurrent
            | Self::PermissionIdTaken
            | Self::CertificateAlreadyHeld => ErrorKind::Conflict,
            Self::DuplicateGrantMethod
            | Self::PublishPrefixInvalid
            | Self::PasswordMissing
            | Self::PasswordNotLocal => ErrorKind::Invalid,
        }
    }
}
