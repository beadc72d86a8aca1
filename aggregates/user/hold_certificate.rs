//! Hold a certificate that this server issued: the user may present it. It names the user, so it is refused if the user has been renamed
//! since it was signed. If it follows another certificate, the user must still hold that one, so a revocation that comes first wins.

use super::{User, UserError, UserEvent, add_certificate};
use crate::values::{Certificate, Fingerprint, Username};

pub(super) fn decide(
    user: &User,
    certificate: Certificate,
    username: &Username,
    follows: Option<&Fingerprint>,
) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if user.username != **username {
        return Err(UserError::RenamedMeanwhile);
    }
    if follows.is_some_and(|held| !user.certificates.contains_key(held)) {
        return Err(UserError::CertificateNotHeld);
    }
    add_certificate::decide(user, certificate)
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
        hold(by, "ada", Some(held))
    }

    fn hold(digit: char, name: &str, follows: Option<char>) -> UserCommand {
        UserCommand::HoldCertificate {
            certificate: certificate(digit),
            username: Username::parse(name).unwrap(),
            follows: follows.map(fingerprint),
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
    fn a_certificate_names_the_user_who_holds_it() {
        let renamed = UserEvent::Renamed {
            username: "lovelace".to_owned(),
        };
        given::<User>(&[ada_created()])
            .when(hold('a', "ada", None))
            .then_expect_events(vec![added('a')]);
        for follows in [None, Some('a')] {
            given::<User>(&[ada_created(), added('a'), renamed.clone()])
                .when(hold('b', "ada", follows))
                .then_expect_error(UserError::RenamedMeanwhile);
            given::<User>(&[ada_created(), added('a'), renamed.clone()])
                .when(hold('b', "lovelace", follows))
                .then_expect_events(vec![added('b')]);
        }
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
