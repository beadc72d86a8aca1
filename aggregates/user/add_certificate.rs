//! Add a certificate that a user may present.

use super::{User, UserError, UserEvent};
use crate::values::Certificate;

pub(super) fn decide(user: &User, certificate: Certificate) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if user.certificates.contains_key(&certificate.fingerprint) {
        return Err(UserError::CertificateAlreadyHeld);
    }
    Ok(vec![UserEvent::CertificateAdded { certificate }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{certificate, given},
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted},
        },
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
    fn nobody_gets_no_certificate() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(add('a'))
                .then_expect_error(UserError::NotFound);
        }
    }
}
