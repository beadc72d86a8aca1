//! Replace the back-up codes of a user.

use super::{User, UserError, UserEvent, second_factor::Proof};
use crate::values::{BackupCodeHash, Timestamp};

/// Users need a code for it. Somebody else needs none, but the right to change the user.
pub(super) fn decide(
    user: &User,
    proof: Option<&Proof>,
    now: Timestamp,
    backup_codes: Vec<BackupCodeHash>,
) -> Result<Vec<UserEvent>, UserError> {
    let factor = user.must_have_second_factor()?;
    let used = proof.map(|proof| factor.judge(proof, now)).transpose()?;
    let used = used.map(|used| UserEvent::SecondFactorUsed { used });
    let replaced = UserEvent::BackupCodesReplaced { backup_codes };
    Ok(used.into_iter().chain([replaced]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::given,
        user::{
            UserCommand,
            fixtures::{ada_created, at, banned_until, code, code_used, codes, enrolled, enrolled_and},
        },
    };

    fn by(proof: Option<Proof>) -> UserCommand {
        UserCommand::ReplaceBackupCodes {
            proof,
            now: at(100),
            backup_codes: codes(&["c"]),
        }
    }

    fn replaced() -> UserEvent {
        UserEvent::BackupCodesReplaced {
            backup_codes: codes(&["c"]),
        }
    }

    #[test]
    fn the_user_uses_up_a_code() {
        given::<User>(&enrolled())
            .when(by(Some(code(8))))
            .then_expect_events(vec![code_used(8), replaced()]);
    }

    #[test]
    fn a_code_that_was_used_replaces_nothing() {
        given::<User>(&enrolled())
            .when(by(Some(code(7))))
            .then_expect_error(UserError::WrongCode);
        given::<User>(&enrolled_and(&[banned_until(101)]))
            .when(by(Some(code(8))))
            .then_expect_error(UserError::Banned { until: at(101) });
    }

    #[test]
    fn somebody_else_needs_no_code_even_during_a_ban() {
        for events in [enrolled(), enrolled_and(&[banned_until(101)])] {
            given::<User>(&events)
                .when(by(None))
                .then_expect_events(vec![replaced()]);
        }
    }

    #[test]
    fn without_a_second_factor_there_are_no_codes() {
        for proof in [None, Some(code(8))] {
            given::<User>(&[ada_created()])
                .when(by(proof.clone()))
                .then_expect_error(UserError::SecondFactorMissing);
            given::<User>(&[])
                .when(by(proof))
                .then_expect_error(UserError::NotFound);
        }
    }
}
