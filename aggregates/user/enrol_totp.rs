//! A user confirms the TOTP that was offered to them.

use super::{User, UserError, UserEvent};
use crate::values::{BackupCodeHash, TotpSecret};

/// The caller verified a code against an offer that may have been replaced since: then the device of the user has another secret.
pub(super) fn decide(
    user: &User,
    verified: &TotpSecret,
    step: i64,
    backup_codes: Vec<BackupCodeHash>,
) -> Result<Vec<UserEvent>, UserError> {
    user.must_exist()?;
    if user.second_factor.is_some() {
        return Err(UserError::SecondFactorEnrolled);
    }
    if user.offered_totp.as_ref() != Some(verified) {
        return Err(UserError::SecondFactorNotOffered);
    }
    Ok(vec![UserEvent::TotpEnrolled { step, backup_codes }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{folded, given},
        user::{
            UserCommand,
            fixtures::{ada_created, ada_deleted, codes, enrolled, secret},
            second_factor::{Factor, Totp},
        },
    };

    fn confirm() -> UserCommand {
        UserCommand::EnrolTotp {
            verified: secret("S"),
            step: 7,
            backup_codes: codes(&["a", "b"]),
        }
    }

    fn offered(text: &str) -> UserEvent {
        UserEvent::TotpOffered { secret: secret(text) }
    }

    #[test]
    fn the_offer_becomes_the_second_factor() {
        given::<User>(&[ada_created(), offered("S")])
            .when(confirm())
            .then_expect_events(vec![UserEvent::TotpEnrolled {
                step: 7,
                backup_codes: codes(&["a", "b"]),
            }]);
        let user: User = folded(enrolled());
        let factor = user.second_factor.unwrap();
        assert_eq!(
            factor.factor,
            Factor::Totp(Totp {
                secret: secret("S"),
                last_step: 7
            })
        );
        assert_eq!(user.offered_totp, None, "the secret is kept once");
    }

    #[test]
    fn what_is_not_offered_is_not_confirmed() {
        for events in [
            vec![ada_created()],
            vec![ada_created(), offered("S"), offered("T")],
            vec![ada_created(), offered("S"), UserEvent::Revoked {}],
        ] {
            given::<User>(&events)
                .when(confirm())
                .then_expect_error(UserError::SecondFactorNotOffered);
        }
    }

    #[test]
    fn an_enrolment_is_confirmed_once() {
        given::<User>(&enrolled())
            .when(confirm())
            .then_expect_error(UserError::SecondFactorEnrolled);
    }

    #[test]
    fn nobody_confirms_nothing() {
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(confirm())
                .then_expect_error(UserError::NotFound);
        }
    }
}
