//! The commands for the certificate authority.

use super::NewIssuer;
use crate::values::Fingerprint;

/// A command for the certificate authority.
#[derive(Clone, Debug)]
pub enum AuthorityCommand {
    /// Make the authority, with its first root and its first issuer.
    Establish {
        /// The root.
        root: Box<NewIssuer>,
        /// The issuer that signs certificates of users.
        issuing: Box<NewIssuer>,
    },
    /// Add an issuer. From now on it signs what is new.
    AddIssuer(Box<NewIssuer>),
    /// Trust these authorities.
    AddCertificates(Vec<TrustedCertificate>),
    /// No longer trust an authority.
    RemoveCertificate {
        /// The SHA-256 of its certificate.
        fingerprint: Fingerprint,
    },
}

/// The certificate of an authority that the operator trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedCertificate {
    /// The SHA-256 of the certificate.
    pub fingerprint: Fingerprint,
    /// The base64 of the certificate.
    pub certificate: String,
}
