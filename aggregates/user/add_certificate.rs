//! Add a certificate that a user may present.

use super::{User, UserError, UserEvent};
use crate::values::Certificate;

/// How many certificates a user may hold. To revoke a user takes all of them in one unit.
pub const MOST_CERTIFICATES: usize = 1_000;

pub(super) fn decide(user: &User, certificate: Certificate) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if user.certificates.contains_key(&certificate.fingerprint) {
        return Err(UserError::CertificateAlreadyHeld);
    }
    if user.certificates.len() >= MOST_CERTIFICATES {
        return Err(UserError::TooManyCertificates);
    }
    Ok(vec![UserEvent::CertificateAdded { certificate }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{certificate, fingerprint, given},
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted},
        },
        values::Fingerprint,
    };

    fn add(digit: char) -> UserCommand {
        UserCommand::AddCertificate(certificate(digit))
    }

    fn added(digit: char) -> UserEvent {
        UserEvent::CertificateAdded {
            certificate: certificate(digit),
        }
    }

    #[test]
    fn a_certificate_is_added() {
        given::<User>(&[ada_created(), added('a')])
            .when(add('b'))
            .then_expect_events(vec![added('b')]);
    }

    #[test]
    fn a_certificate_held_is_not_added_again() {
        given::<User>(&[ada_created(), added('a')])
            .when(add('a'))
            .then_expect_error(UserError::CertificateAlreadyHeld);
    }

    #[test]
    fn a_user_holds_so_many_certificates_and_no_more() {
        let numbered = |number: usize| {
            let fingerprint = Fingerprint::parse(&format!("{number:064x}")).unwrap();
            let certificate = Certificate {
                fingerprint,
                ..certificate('a')
            };
            UserEvent::CertificateAdded { certificate }
        };
        let mut events = vec![ada_created()];
        events.extend((1..MOST_CERTIFICATES).map(numbered));
        given::<User>(&events)
            .when(add('a'))
            .then_expect_events(vec![added('a')]);
        events.push(added('a'));
        given::<User>(&events)
            .when(add('b'))
            .then_expect_error(UserError::TooManyCertificates);
        let fingerprint = fingerprint('a');
        events.push(UserEvent::CertificateRemoved { fingerprint });
        given::<User>(&events)
            .when(add('b'))
            .then_expect_events(vec![added('b')]);
    }

    #[test]
    fn nobody_gets_no_certificate() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(add('a'))
                .then_expect_error(UserError::NotFound);
        }
    }
}
