//! Revoke a certificate.

use super::{CertifiedKey, CertifiedKeyError, CertifiedKeyEvent};
use crate::values::{Fingerprint, RevocationReason};

pub(super) fn decide(
    key: &CertifiedKey,
    fingerprint: Fingerprint,
    reason: RevocationReason,
) -> Result<Vec<CertifiedKeyEvent>, CertifiedKeyError> {
    match key.certificates.get(&fingerprint) {
        None => Err(CertifiedKeyError::NotFound),
        Some(true) => Err(CertifiedKeyError::AlreadyRevoked),
        Some(false) => Ok(vec![CertifiedKeyEvent::CertificateRevoked {
            fingerprint,
            reason,
        }]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        certified_key::{CertifiedKeyCommand, fixtures::issued},
        testing::{fingerprint, given},
    };

    fn revoke(digit: char) -> CertifiedKeyCommand {
        CertifiedKeyCommand::Revoke {
            fingerprint: fingerprint(digit),
            reason: RevocationReason::KeyCompromise,
        }
    }

    fn revoked(digit: char) -> CertifiedKeyEvent {
        CertifiedKeyEvent::CertificateRevoked {
            fingerprint: fingerprint(digit),
            reason: RevocationReason::KeyCompromise,
        }
    }

    #[test]
    fn a_certificate_is_revoked_once() {
        given::<CertifiedKey>(&[issued(1, 'a'), issued(1, 'b')])
            .when(revoke('a'))
            .then_expect_events(vec![revoked('a')]);
        given::<CertifiedKey>(&[issued(1, 'a'), revoked('a')])
            .when(revoke('a'))
            .then_expect_error(CertifiedKeyError::AlreadyRevoked);
    }

    #[test]
    fn an_unknown_certificate_is_not_revoked() {
        for events in [vec![], vec![issued(1, 'a')], vec![issued(1, 'b'), issued(2, 'a')]] {
            given::<CertifiedKey>(&events)
                .when(revoke('b'))
                .then_expect_error(CertifiedKeyError::NotFound);
        }
    }
}
