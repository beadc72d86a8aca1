//! Count a wrong code of a user who proved something else before.

use super::{User, UserError, UserEvent, second_factor::Limit};
use crate::values::Timestamp;

/// A wrong code is an event, so all nodes count alike, also after a restart, and many guesses at once are no more than one after the
/// other. During a ban nothing is counted: this bounds the events (docs/decisions/0036-second-factors.md).
pub(super) fn decide(user: &User, limit: Limit, now: Timestamp) -> Result<Vec<UserEvent>, UserError> {
    let factor = user.must_have_second_factor()?;
    factor.must_not_be_banned(now)?;
    Ok(vec![UserEvent::SecondFactorRefused {
        banned_until: factor.ban_by_another(limit, now),
    }])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        testing::given,
        user::{
            UserCommand,
            fixtures::{ada_created, at, banned_until, code_used, enrolled_and},
        },
    };

    const LIMIT: Limit = Limit {
        wrong_codes: 3,
        ban: Duration::from_secs(60),
    };

    fn wrong(now: i64) -> UserCommand {
        UserCommand::CountWrongCode {
            limit: LIMIT,
            now: at(now),
        }
    }

    fn refused() -> UserEvent {
        UserEvent::SecondFactorRefused { banned_until: None }
    }

    #[test]
    fn wrong_codes_are_counted_up_to_the_ban() {
        for before in [vec![], vec![refused()]] {
            given::<User>(&enrolled_and(&before))
                .when(wrong(100))
                .then_expect_events(vec![refused()]);
        }
        given::<User>(&enrolled_and(&[refused(), refused()]))
            .when(wrong(100))
            .then_expect_events(vec![banned_until(160)]);
    }

    #[test]
    fn during_a_ban_nothing_is_counted_and_after_it_from_the_start() {
        let banned = enrolled_and(&[refused(), refused(), banned_until(160)]);
        given::<User>(&banned)
            .when(wrong(159))
            .then_expect_error(UserError::Banned { until: at(160) });
        given::<User>(&banned)
            .when(wrong(160))
            .then_expect_events(vec![refused()]);
    }

    #[test]
    fn a_right_code_ends_the_count() {
        given::<User>(&enrolled_and(&[refused(), refused(), code_used(8)]))
            .when(wrong(100))
            .then_expect_events(vec![refused()]);
    }

    #[test]
    fn a_lower_limit_counts_at_once() {
        let one = UserCommand::CountWrongCode {
            limit: Limit {
                wrong_codes: 1,
                ..LIMIT
            },
            now: at(100),
        };
        given::<User>(&enrolled_and(&[refused(), refused()]))
            .when(one)
            .then_expect_events(vec![banned_until(160)]);
    }

    #[test]
    fn whoever_has_no_second_factor_enters_no_wrong_code() {
        given::<User>(&[ada_created()])
            .when(wrong(100))
            .then_expect_error(UserError::SecondFactorMissing);
        given::<User>(&[])
            .when(wrong(100))
            .then_expect_error(UserError::NotFound);
    }
}
