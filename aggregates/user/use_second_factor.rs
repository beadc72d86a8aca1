//! A user proves their second factor.

use super::{User, UserError, UserEvent, second_factor::Proof};
use crate::values::Timestamp;

/// A code is used up by its event. Of many uses at the same time, one is appended first, and the others are decided again after it.
pub(super) fn decide(user: &User, proof: &Proof, now: Timestamp) -> Result<Vec<UserEvent>, UserError> {
    let used = user.must_have_second_factor()?.judge(proof, now)?;
    Ok(vec![UserEvent::SecondFactorUsed { used }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::given,
        user::{
            UserCommand,
            fixtures::{
                ada_created, ada_deleted, at, backup_code, banned_until, code, code_used, codes, enrolled,
                enrolled_and, secret,
            },
            second_factor::Used,
        },
        values::BackupCodeHash,
    };

    fn with(proof: Proof) -> UserCommand {
        UserCommand::UseSecondFactor { proof, now: at(100) }
    }

    #[test]
    fn a_later_code_is_used() {
        given::<User>(&enrolled())
            .when(with(code(8)))
            .then_expect_events(vec![code_used(8)]);
    }

    #[test]
    fn neither_the_code_that_was_used_nor_an_earlier_one_is_used_again() {
        for step in [6, 7] {
            given::<User>(&enrolled())
                .when(with(code(step)))
                .then_expect_error(UserError::WrongCode);
        }
        for step in [7, 8, 9] {
            given::<User>(&enrolled_and(&[code_used(9)]))
                .when(with(code(step)))
                .then_expect_error(UserError::WrongCode);
        }
    }

    #[test]
    fn a_code_of_another_secret_is_wrong() {
        let proof = Proof::Totp {
            verified: secret("T"),
            step: 8,
        };
        given::<User>(&enrolled())
            .when(with(proof))
            .then_expect_error(UserError::WrongCode);
    }

    #[test]
    fn a_back_up_code_is_used_once() {
        let used = UserEvent::SecondFactorUsed {
            used: Used::BackupCode {
                hash: BackupCodeHash::new("a"),
            },
        };
        given::<User>(&enrolled())
            .when(with(backup_code("a")))
            .then_expect_events(vec![used.clone()]);
        let after = enrolled_and(&[used]);
        given::<User>(&after)
            .when(with(backup_code("a")))
            .then_expect_error(UserError::WrongCode);
        assert!(
            given::<User>(&after)
                .when(with(backup_code("b")))
                .inspect_result()
                .is_ok()
        );
    }

    #[test]
    fn codes_that_were_replaced_are_void() {
        let replaced = UserEvent::BackupCodesReplaced {
            backup_codes: codes(&["c"]),
        };
        given::<User>(&enrolled_and(&[replaced]))
            .when(with(backup_code("a")))
            .then_expect_error(UserError::WrongCode);
    }

    #[test]
    fn during_a_ban_no_code_is_right() {
        for proof in [code(8), backup_code("a")] {
            given::<User>(&enrolled_and(&[banned_until(101)]))
                .when(with(proof))
                .then_expect_error(UserError::Banned { until: at(101) });
        }
        given::<User>(&enrolled_and(&[banned_until(100)]))
            .when(with(code(8)))
            .then_expect_events(vec![code_used(8)]);
    }

    #[test]
    fn without_a_second_factor_there_is_nothing_to_use() {
        for events in [
            vec![ada_created()],
            enrolled_and(&[UserEvent::SecondFactorDisabled { by_owner: true }]),
            enrolled_and(&[UserEvent::Revoked {}]),
        ] {
            given::<User>(&events)
                .when(with(code(8)))
                .then_expect_error(UserError::SecondFactorMissing);
        }
        for events in [vec![], ada_deleted()] {
            given::<User>(&events)
                .when(with(code(8)))
                .then_expect_error(UserError::NotFound);
        }
    }
}
