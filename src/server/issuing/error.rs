//! Why the certificate authority cannot do something.

use ledger::{AppendError, ExecuteError, LedgerError};
use pki::{BadKey, CsrError, Failure, ImportError, IssueError, IssuerError};

use crate::refusal::{Refusal, RefusalKind};

/// The certificate authority cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum IssuingError {
    /// The request for a certificate is refused.
    #[error(transparent)]
    Csr(#[from] CsrError),
    /// No certificate can be issued.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// What the operator brings cannot issue certificates.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The certificate that should be renewed is revoked.
    #[error("the certificate is revoked")]
    Revoked,
    /// The certificate that should be renewed is not one of this server for this user.
    #[error("only a certificate that this server issued can be renewed: use simpleenroll")]
    NotIssued,
    /// There is no issuer with this key.
    #[error("the certificate authority has no issuer with this key")]
    UnknownIssuer,
    /// The authority has no issuer.
    #[error(
        "the certificate authority does not exist yet: it is made with the first certificate, or by `muniment ca show`"
    )]
    NotEstablished,
    /// The current issuer was imported, so a new issuer would not be below its root.
    #[error(
        "the current issuer was imported: a rollover would make an issuer below Muniment's own root, which your devices and brokers may not trust. \
         To renew your own issuer, import a new one. If you mean it, add --leave-imported"
    )]
    Imported,
    /// An issuer with the same key has another name.
    #[error(
        "the certificate authority has this key under another name or another subject key identifier: revocation lists would not name the          issuer of earlier certificates. Renew the certificate with the same subject and subject key identifier, or use a new key"
    )]
    OtherName,
    /// The issuer is a root, or its certificate is not valid now.
    #[error(
        "this issuer cannot sign certificates of users: it is a root, or its certificate is not valid now"
    )]
    CannotSign,
    /// A stored issuer cannot be read.
    #[error("a stored issuer cannot be read: {0}")]
    Stored(String),
    /// A revocation list got no number.
    #[error(
        "the revocation list got no number: an earlier list had later revocations than the read model has. `muniment rebuild` repairs it"
    )]
    Unnumbered,
    /// The number of a revocation list cannot be written.
    #[error("the number of the revocation list cannot be written: {0}")]
    Append(#[from] AppendError),
    /// Something cannot be signed.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The ledger refuses or does not answer.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database does not answer.
    #[error("database: {0}")]
    Database(#[from] projections::sql::Error),
}

impl From<BadKey> for IssuingError {
    fn from(error: BadKey) -> Self {
        Self::Stored(error.to_string())
    }
}

impl From<IssuerError> for IssuingError {
    fn from(error: IssuerError) -> Self {
        Self::Stored(error.to_string())
    }
}

impl From<IssuingError> for Refusal {
    fn from(error: IssuingError) -> Self {
        match error {
            IssuingError::Csr(error) => Self::invalid(error.to_string()),
            IssuingError::Import(error) => Self::invalid(error.to_string()),
            IssuingError::Issue(IssueError::NameTooLong) => {
                Self::invalid(IssueError::NameTooLong.to_string())
            }
            IssuingError::Issue(
                error @ (IssueError::IssuerExpired
                | IssueError::IssuerNotYetValid
                | IssueError::NoAuthorityBelow),
            ) => Self::new(RefusalKind::Conflict, "authority_expired", error.to_string()),
            error @ IssuingError::Revoked => {
                Self::new(RefusalKind::Forbidden, "certificate_revoked", error.to_string())
            }
            error @ IssuingError::NotIssued => Self::invalid(error.to_string()),
            IssuingError::UnknownIssuer => Self::not_found("issuer"),
            error @ IssuingError::NotEstablished => {
                Self::new(RefusalKind::NotFound, "not_found", error.to_string())
            }
            IssuingError::Execute(error) => error.into(),
            IssuingError::Ledger(error) => error.into(),
            IssuingError::Database(error) => error.into(),
            error @ (IssuingError::Issue(IssueError::Failure(_))
            | IssuingError::Stored(_)
            | IssuingError::Imported
            | IssuingError::OtherName
            | IssuingError::CannotSign
            | IssuingError::Unnumbered
            | IssuingError::Append(_)
            | IssuingError::Failure(_)) => Self::unavailable().because(error),
        }
    }
}
