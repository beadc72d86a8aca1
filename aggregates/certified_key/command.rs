//! The commands for a public key.

use crate::values::{Fingerprint, KeyId, RevocationReason, SerialNumber, Timestamp, UserId};

/// A command for one public key.
#[derive(Clone, Debug)]
pub enum CertifiedKeyCommand {
    /// Record that a certificate was issued.
    Issue(Box<IssueCertificate>),
    /// Revoke a certificate.
    Revoke {
        /// The SHA-256 of the certificate.
        fingerprint: Fingerprint,
        /// Why.
        reason: RevocationReason,
    },
}

/// What the ledger records about a certificate.
#[derive(Clone, Debug)]
pub struct IssueCertificate {
    /// The user who gets the certificate.
    pub user_id: UserId,
    /// A user who no longer exists. If the key was theirs, it is free.
    pub gone: Option<UserId>,
    /// The SHA-256 of the certificate.
    pub fingerprint: Fingerprint,
    /// The serial number.
    pub serial: SerialNumber,
    /// The key of the issuer.
    pub issuer: KeyId,
    /// When the certificate begins to be valid.
    pub not_before: Timestamp,
    /// When it expires.
    pub not_after: Timestamp,
    /// The base64 of the certificate's DER.
    pub certificate: String,
}
