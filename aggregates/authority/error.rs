//! Why the certificate authority refuses a command.

use crate::{Classified, ErrorKind};

/// The certificate authority refuses a command. The messages are what clients read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The authority exists already.
    #[error("the certificate authority exists already")]
    AlreadyExists,
    /// The authority does not exist yet.
    #[error("the certificate authority does not exist yet: start the server once")]
    NotEstablished,
    /// The newest issuer has this certificate.
    #[error("this is the newest issuer of the certificate authority already")]
    IssuerExists,
    /// The key is the one of an issuer of another kind.
    #[error("the key of a root signs no certificates of users, and the other way round")]
    OtherKind,
    /// There is no such certificate.
    #[error("there is no such certificate")]
    NotFound,
    /// The certificate belongs to this server.
    #[error("the certificates of this server's own authority cannot be removed")]
    BuiltIn,
    /// The operator added too many certificates.
    #[error("there are 1000 certificates already: delete some first")]
    TooMany,
}

impl Classified for AuthorityError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::AlreadyExists
            | Self::NotEstablished
            | Self::IssuerExists
            | Self::OtherKind
            | Self::TooMany => ErrorKind::Conflict,
            Self::BuiltIn => ErrorKind::Protected,
        }
    }
}
