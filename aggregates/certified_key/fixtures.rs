//! Certificates for the tests of decisions about them.

use super::{CertifiedKeyEvent, IssueCertificate};
use crate::{
    testing::{fingerprint, user_id},
    values::Timestamp,
};

/// Issues a certificate to a user.
pub(super) fn issue(user: u128, digit: char) -> IssueCertificate {
    IssueCertificate {
        user_id: user_id(user),
        gone: None,
        fingerprint: fingerprint(digit),
        serial: "4a".repeat(20).parse().unwrap(),
        issuer: "0b".repeat(20).parse().unwrap(),
        not_before: Timestamp::from_micros(1_000_000),
        not_after: Timestamp::from_micros(2_000_000),
        certificate: "MAA=".into(),
    }
}

/// The event that [`issue`] leads to.
pub(super) fn issued(user: u128, digit: char) -> CertifiedKeyEvent {
    CertifiedKeyEvent::CertificateIssued {
        user_id: user_id(user),
        fingerprint: fingerprint(digit),
        serial: "4a".repeat(20).parse().unwrap(),
        issuer: "0b".repeat(20).parse().unwrap(),
        not_before: Timestamp::from_micros(1_000_000),
        not_after: Timestamp::from_micros(2_000_000),
        certificate: "MAA=".into(),
    }
}
