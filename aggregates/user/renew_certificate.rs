//! Renew a certificate: the user may present another one. Only a certificate that the user holds can be renewed, so a revocation that
//! comes first wins.

use super::{User, UserError, UserEvent, add_certificate};
use crate::values::{Certificate, Fingerprint};

pub(super) fn decide(user: &User, held: &Fingerprint, by: Certificate) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if !user.certificates.contains_key(held) {
        return Err(UserError::CertificateNotHeld);
    }
    add_certificate::decide(user, by)
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

    fn renew(held: char, by: char) -> UserCommand {
        UserCommand::RenewCertificate {
            held: fingerprint(held),
            by: certificate(by),
        }
    }

    fn added(digit: char) -> UserEvent {
        UserEvent::CertificateAdded {
            certificate: certificate(digit),
        }
    }

    #[test]
    fn a_certificate_held_is_renewed_and_stays() {
        given::<User>(&[ada_created(), added('a')])
            .when(renew('a', 'b'))
            .then_expect_events(vec![added('b')]);
    }

    #[test]
    fn a_certificate_not_held_is_not_renewed() {
        let removed = UserEvent::CertificateRemoved {
            fingerprint: fingerprint('a'),
        };
        for events in [vec![ada_created()], vec![ada_created(), added('a'), removed]] {
            given::<User>(&events)
                .when(renew('a', 'b'))
                .then_expect_error(UserError::CertificateNotHeld);
        }
    }

    #[test]
    fn a_certificate_does_not_follow_itself() {
        given::<User>(&[ada_created(), added('a')])
            .when(renew('a', 'a'))
            .then_expect_error(UserError::CertificateAlreadyHeld);
    }

    #[test]
    fn nobody_renews_nothing() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(renew('a', 'b'))
                .then_expect_error(UserError::NotFound);
        }
    }
}
