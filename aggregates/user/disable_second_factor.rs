//! A user disables their second factor.

use super::{User, UserError, UserEvent, second_factor::Proof};
use crate::values::Timestamp;

pub(super) fn decide(user: &User, proof: &Proof, now: Timestamp) -> Result<Vec<UserEvent>, UserError> {
    user.must_have_second_factor()?.judge(proof, now)?;
    Ok(vec![UserEvent::SecondFactorDisabled { by_owner: true }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::{folded, given},
        user::{
            UpdateUser, UserCommand,
            fixtures::{
                ada_created, ada_deleted, at, backup_code, banned_until, code, enrolled, enrolled_and,
            },
        },
    };

    fn with(proof: Proof) -> UserCommand {
        UserCommand::DisableSecondFactor { proof, now: at(100) }
    }

    fn by_somebody_else() -> UserCommand {
        UserCommand::Update(UpdateUser {
            disable_second_factor: true,
            ..UpdateUser::default()
        })
    }

    #[test]
    fn a_code_disables_and_no_session_ends() {
        for proof in [code(8), backup_code("a")] {
            given::<User>(&enrolled())
                .when(with(proof))
                .then_expect_events(vec![UserEvent::SecondFactorDisabled { by_owner: true }]);
        }
        let user: User = folded(enrolled_and(&[UserEvent::SecondFactorDisabled {
            by_owner: true,
        }]));
        assert_eq!(user.second_factor, None);
    }

    #[test]
    fn a_code_that_was_used_disables_nothing() {
        given::<User>(&enrolled())
            .when(with(code(7)))
            .then_expect_error(UserError::WrongCode);
        given::<User>(&enrolled_and(&[banned_until(101)]))
            .when(with(code(8)))
            .then_expect_error(UserError::Banned { until: at(101) });
    }

    #[test]
    fn somebody_else_needs_no_code_and_ends_the_sessions_and_a_ban() {
        for events in [enrolled(), enrolled_and(&[banned_until(101)])] {
            given::<User>(&events)
                .when(by_somebody_else())
                .then_expect_events(vec![
                    UserEvent::SecondFactorDisabled { by_owner: false },
                    UserEvent::SessionsEnded { kept: None },
                ]);
        }
        let again = [
            UserEvent::SecondFactorDisabled { by_owner: false },
            UserEvent::TotpOffered {
                secret: crate::values::TotpSecret::new("T"),
            },
            UserEvent::TotpEnrolled {
                step: 1,
                backup_codes: vec![],
            },
        ];
        let user: User = folded(enrolled_and(&[&[banned_until(101)], &again[..]].concat()));
        assert_eq!(user.second_factor.unwrap().banned_until, None);
    }

    #[test]
    fn without_a_second_factor_nothing_is_disabled() {
        given::<User>(&[ada_created()])
            .when(with(code(8)))
            .then_expect_error(UserError::SecondFactorMissing);
        given::<User>(&[ada_created()])
            .when(by_somebody_else())
            .then_expect_events(vec![]);
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(with(code(8)))
                .then_expect_error(UserError::NotFound);
        }
    }
}
