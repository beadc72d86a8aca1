//! One event of each kind, with every optional field filled. The golden files are made from these events.

use super::{AuthorityEvent, IssuerKind};
use crate::values::{Fingerprint, Invalid, KeyId, PrivateKey, Timestamp};

pub(super) fn all() -> Result<Vec<AuthorityEvent>, Invalid> {
    let fingerprint = Fingerprint::parse(&"a".repeat(64))?;
    Ok(vec![
        AuthorityEvent::IssuerAdded {
            key_id: KeyId::parse(&"0b".repeat(20))?,
            kind: IssuerKind::Issuing,
            fingerprint: fingerprint.clone(),
            certificate: "MAA=".into(),
            above: vec!["MAEA".into()],
            private_key: PrivateKey::new("c2VjcmV0"),
            url: Some("https://id.example.org".into()),
            not_after: Timestamp::from_micros(1_798_761_600_000_000),
        },
        AuthorityEvent::CertificateAdded {
            fingerprint: fingerprint.clone(),
            certificate: "MAA=".into(),
        },
        AuthorityEvent::CertificateRemoved { fingerprint },
    ])
}
