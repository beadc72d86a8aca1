//! Remove a certificate: the user may no longer present it.

use super::{User, UserError, UserEvent};
use crate::values::Fingerprint;

pub(super) fn decide(user: &User, fingerprint: Fingerprint) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if !user.certificates.contains_key(&fingerprint) {
        return Err(UserError::CertificateNotHeld);
    }
    Ok(vec![UserEvent::CertificateRemoved { fingerprint }])
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
    };

    fn remove(digit: char) -> UserCommand {
        UserCommand::RemoveCertificate {
            fingerprint: fingerprint(digit),
        }
    }

    fn added(digit: char) -> UserEvent {
        UserEvent::CertificateAdded {
            certificate: certificate(digit),
        }
    }

    #[test]
    fn a_certificate_held_is_removed() {
        given::<User>(&[ada_created(), added('a')])
            .when(remove('a'))
            .then_expect_events(vec![UserEvent::CertificateRemoved {
                fingerprint: fingerprint('a'),
            }]);
    }

    #[test]
    fn a_certificate_not_held_is_not_removed() {
        let removed = UserEvent::CertificateRemoved {
            fingerprint: fingerprint('b'),
        };
        given::<User>(&[ada_created(), added('a'), added('b'), removed])
            .when(remove('b'))
            .then_expect_error(UserError::CertificateNotHeld);
    }

    #[test]
    fn nobody_has_no_certificate() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(remove('a'))
                .then_expect_error(UserError::NotFound);
        }
    }
}
