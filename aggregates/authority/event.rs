//! What can happen to the certificate authority.

use super::{IssuerKind, NewIssuer};
use crate::{
    declared::events,
    values::{Fingerprint, KeyId, PrivateKey, Timestamp},
};

events! {
    /// A fact about the certificate authority. Stored names and fields never change: for a change, add a version and an upcaster.
    pub enum AuthorityEvent {
        /// The authority has another issuer from now on, or an issuer has another certificate. The newest issuer of a kind signs what is new.
        "authority.issuer_added" version 1 => IssuerAdded {
            /// The identifier of its key.
            key_id: KeyId as open,
            /// What it is for.
            kind: IssuerKind as open,
            /// The SHA-256 of its certificate.
            fingerprint: Fingerprint as open,
            /// The base64 of its certificate.
            certificate: String as open,
            /// The certificates above it, the nearest first: the base64 of each.
            above: Vec<String> as open,
            /// Its private key.
            private_key: PrivateKey as secret,
            /// The URL of this server that its certificates name.
            url: Option<String> as open,
            /// When its certificate expires.
            not_after: Timestamp as open,
        },
        /// The operator trusts another authority.
        "authority.certificate_added" version 1 => CertificateAdded {
            /// The SHA-256 of its certificate.
            fingerprint: Fingerprint as open,
            /// The base64 of its certificate.
            certificate: String as open,
        },
        /// The operator no longer trusts an authority.
        "authority.certificate_removed" version 1 => CertificateRemoved {
            /// The SHA-256 of its certificate.
            fingerprint: Fingerprint as open,
        },
    }
}

impl From<NewIssuer> for AuthorityEvent {
    fn from(issuer: NewIssuer) -> Self {
        Self::IssuerAdded {
            key_id: issuer.key_id,
            kind: issuer.kind,
            fingerprint: issuer.fingerprint,
            certificate: issuer.certificate,
            above: issuer.above,
            private_key: issuer.private_key,
            url: issuer.url,
            not_after: issuer.not_after,
        }
    }
}
