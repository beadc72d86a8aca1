//! Why a user refuses a command.

use crate::{
    Classified, ErrorKind,
    values::{Invalid, RoleId, Timestamp},
};

/// A user refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// The user does not exist, or no longer exists.
    #[error("there is no such user")]
    NotFound,
    /// The id is or was in use.
    #[error("a user with this id exists or existed")]
    AlreadyExists,
    /// The new username or permission breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A method occurs twice.
    #[error("a grant type method occurs twice")]
    DuplicateGrantMethod,
    /// The publish prefix is not a valid topic.
    #[error("mqttPublishPrefix must be a topic without wildcards or NUL, at most 65535 bytes")]
    PublishPrefixInvalid,
    /// The user is local and logs in by password, but has no password.
    #[error("a local user with the grant type password needs a password")]
    PasswordMissing,
    /// Another identity provider keeps the user's password.
    #[error("the password of this user is kept by another identity provider")]
    PasswordNotLocal,
    /// The user has no password that they could change.
    #[error("mustChangePassword: this user has no password here")]
    NoPasswordToChange,
    /// The user has another password than the one that was verified.
    #[error("the password was changed by somebody else meanwhile")]
    PasswordNotCurrent,
    /// The role is a group or an account kind: only its face gives it.
    #[error("there is no role {0}")]
    RoleIsGroup(RoleId),
    /// The user does not hold the role.
    #[error("the user does not hold role {0}")]
    RoleNotHeld(RoleId),
    /// The user does not have this permission of their own.
    #[error("the user has no such permission of their own")]
    PermissionNotHeld,
    /// The user has another permission with this id.
    #[error("a permission with this id is already held")]
    PermissionIdTaken,
    /// The user does not have this certificate.
    #[error("the user has no such certificate")]
    CertificateNotHeld,
    /// The user has this certificate already.
    #[error("the user has this certificate already")]
    CertificateAlreadyHeld,
    /// The certificate names the user as the user was called before.
    #[error("the user was renamed meanwhile: the certificate has the old name")]
    RenamedMeanwhile,
    /// The user holds as many certificates as a user may.
    #[error("a user holds at most 1000 certificates: take some first")]
    TooManyCertificates,
    /// Another identity provider keeps the user's second factor.
    #[error("the second factor of this user is kept by another identity provider")]
    SecondFactorNotLocal,
    /// The user has a second factor already.
    #[error("the user has a second factor already: disable it first")]
    SecondFactorEnrolled,
    /// The user has no second factor.
    #[error("the user has no second factor")]
    SecondFactorMissing,
    /// The user confirms something that was not offered, or no longer is.
    #[error("no second factor waits for its confirmation: enable it again")]
    SecondFactorNotOffered,
    /// The code is wrong, or was used before.
    #[error("the code is wrong, or was used before")]
    WrongCode,
    /// There were too many wrong codes.
    #[error("too many wrong codes: no code is accepted for a while")]
    Banned {
        /// Until when.
        until: Timestamp,
    },
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
            | Self::CertificateAlreadyHeld
            | Self::RenamedMeanwhile
            | Self::TooManyCertificates
            | Self::SecondFactorEnrolled
            | Self::SecondFactorMissing
            | Self::SecondFactorNotOffered => ErrorKind::Conflict,
            Self::Banned { .. } => ErrorKind::TooMany,
            Self::Invalid(_)
            | Self::RoleIsGroup(_)
            | Self::DuplicateGrantMethod
            | Self::PublishPrefixInvalid
            | Self::PasswordMissing
            | Self::PasswordNotLocal
            | Self::NoPasswordToChange
            | Self::SecondFactorNotLocal
            | Self::WrongCode => ErrorKind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::SecondFactorEnrolled => "mfa_enrolled",
            Self::SecondFactorMissing => "mfa_not_enrolled",
            Self::SecondFactorNotOffered => "mfa_not_begun",
            Self::WrongCode => "wrong_code",
            Self::Banned { .. } => "too_many_wrong_codes",
            _ => self.kind().code(),
        }
    }
}
