//! Record that a certificate was issued.

use super::{CertifiedKey, CertifiedKeyError, CertifiedKeyEvent, IssueCertificate};

pub(super) fn decide(
    key: &CertifiedKey,
    command: IssueCertificate,
) -> Result<Vec<CertifiedKeyEvent>, CertifiedKeyError> {
    let may_have_it = key
        .user_id
        .is_none_or(|user| user == command.user_id || Some(user) == command.gone);
    if !may_have_it {
        return Err(CertifiedKeyError::KeyOfAnother);
    }
    if key.certificates.contains_key(&command.fingerprint) {
        return Err(CertifiedKeyError::AlreadyIssued);
    }
    Ok(vec![CertifiedKeyEvent::CertificateIssued {
        user_id: command.user_id,
        fingerprint: command.fingerprint,
        serial: command.serial,
        issuer: command.issuer,
        not_before: command.not_before,
        not_after: command.not_after,
        certificate: command.certificate,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        certified_key::{
            CertifiedKeyCommand,
            fixtures::{issue, issued},
        },
        testing::{folded, given, user_id},
    };

    fn command(user: u128, gone: Option<u128>, digit: char) -> CertifiedKeyCommand {
        let command = IssueCertificate {
            gone: gone.map(user_id),
            ..issue(user, digit)
        };
        CertifiedKeyCommand::Issue(Box::new(command))
    }

    #[test]
    fn one_user_has_several_certificates_for_a_key() {
        given::<CertifiedKey>(&[])
            .when(command(1, None, 'a'))
            .then_expect_events(vec![issued(1, 'a')]);
        given::<CertifiedKey>(&[issued(1, 'a')])
            .when(command(1, None, 'b'))
            .then_expect_events(vec![issued(1, 'b')]);
        given::<CertifiedKey>(&[issued(1, 'a')])
            .when(command(1, None, 'a'))
            .then_expect_error(CertifiedKeyError::AlreadyIssued);
    }

    #[test]
    fn another_user_has_none_unless_the_first_is_gone() {
        for gone in [None, Some(2), Some(3)] {
            given::<CertifiedKey>(&[issued(1, 'a')])
                .when(command(2, gone, 'b'))
                .then_expect_error(CertifiedKeyError::KeyOfAnother);
        }
        given::<CertifiedKey>(&[issued(1, 'a')])
            .when(command(2, Some(1), 'b'))
            .then_expect_events(vec![issued(2, 'b')]);
        let key: CertifiedKey = folded([issued(1, 'a'), issued(2, 'b')]);
        assert_eq!(key.user_id, Some(user_id(2)));
        assert_eq!(key.certificates.len(), 1);
    }
}
