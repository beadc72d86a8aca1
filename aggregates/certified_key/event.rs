//! What can happen to a public key.

use crate::{
    declared::events,
    values::{Fingerprint, KeyId, RevocationReason, SerialNumber, Timestamp, UserId},
};

events! {
    /// A fact about a public key. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum CertifiedKeyEvent {
        /// A certificate for the key was issued. The user holds it by an event of their own.
        "certified_key.certificate_issued" version 1 => CertificateIssued {
            /// The user who has the certificate.
            user_id: UserId as open,
            /// The SHA-256 of the certificate.
            fingerprint: Fingerprint as open,
            /// The serial number.
            serial: SerialNumber as open,
            /// The key of the issuer.
            issuer: KeyId as open,
            /// When the certificate begins to be valid.
            not_before: Timestamp as open,
            /// When it expires.
            not_after: Timestamp as open,
            /// The certificate: the base64 of its DER. It names the user.
            certificate: String as personal,
        },
        /// A certificate for the key was revoked before it expired.
        "certified_key.certificate_revoked" version 1 => CertificateRevoked {
            /// The SHA-256 of the certificate.
            fingerprint: Fingerprint as open,
            /// Why.
            reason: RevocationReason as open,
        },
    }
}
