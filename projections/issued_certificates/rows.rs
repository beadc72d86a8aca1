//! Certificates of this server as clients see them.

use aggregates::values::{
    CertifiedKeyId, Fingerprint, KeyId, RevocationReason, SerialNumber, Timestamp, UserId,
};

/// A certificate that this server issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedRow {
    /// The SHA-256 of the certificate.
    pub fingerprint: Fingerprint,
    /// The public key.
    pub key_id: CertifiedKeyId,
    /// The user who has it. The user may be deleted.
    pub user_id: UserId,
    /// The serial number.
    pub serial: SerialNumber,
    /// The key of the issuer.
    pub issuer: KeyId,
    /// When it begins to be valid.
    pub not_before: Timestamp,
    /// When it expires.
    pub not_after: Timestamp,
    /// The base64 of its DER.
    pub certificate: String,
    /// Since when it is revoked.
    pub revoked_at: Option<Timestamp>,
    /// Why it is revoked, if a reason was given.
    pub reason: Option<RevocationReason>,
}
