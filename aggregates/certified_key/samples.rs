//! One event of each kind, with every optional field filled. The golden files are made from these events.

use uuid::Uuid;

use super::CertifiedKeyEvent;
use crate::values::{Fingerprint, Invalid, KeyId, RevocationReason, SerialNumber, Timestamp, UserId};

pub(super) fn all() -> Result<Vec<CertifiedKeyEvent>, Invalid> {
    let fingerprint = Fingerprint::parse(&"a".repeat(64))?;
    Ok(vec![
        CertifiedKeyEvent::CertificateIssued {
            user_id: UserId(Uuid::from_u128(1)),
            fingerprint: fingerprint.clone(),
            serial: SerialNumber::parse(&"4a".repeat(20))?,
            issuer: KeyId::parse(&"0b".repeat(20))?,
            not_before: Timestamp::from_micros(1_767_225_600_000_000),
            not_after: Timestamp::from_micros(1_798_761_600_000_000),
            certificate: "MAA=".into(),
        },
        CertifiedKeyEvent::CertificateRevoked {
            fingerprint,
            reason: RevocationReason::KeyCompromise,
        },
    ])
}
