//! Replace the refresh token.

use super::{SignIn, SignInError, SignInEvent};
use crate::values::Timestamp;

pub(super) fn decide(
    sign_in: &SignIn,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Vec<SignInEvent>, SignInError> {
    sign_in.must_be_live()?;
    if expires_at <= now {
        return Err(SignInError::NeverValid);
    }
    if sign_in.expires_at <= now {
        return Err(SignInError::Expired);
    }
    let generation = sign_in.generation.checked_add(1).ok_or(SignInError::UsedUp)?;
    Ok(vec![SignInEvent::Rotated {
        generation,
        expires_at,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sign_in::{
            Presented, SignInCommand,
            tests::{at, begun, ended, rotated},
        },
        testing::{folded, given},
    };

    fn rotate(now: i64) -> SignInCommand {
        SignInCommand::Rotate {
            now: at(now),
            expires_at: at(now + 100),
        }
    }

    #[test]
    fn the_parent_counts_until_the_next_rotation() {
        given::<SignIn>(&begun())
            .when(rotate(5))
            .then_expect_events(vec![rotated(1, 105)]);
        let presented = |events: &[SignInEvent], generations: u32| {
            let state: SignIn = folded(events.to_vec());
            (0..generations)
                .map(|generation| state.presented(generation))
                .collect::<Vec<_>>()
        };
        use Presented::{Active, Ended, Older, Parent};
        assert_eq!(presented(&begun(), 2), [Active, Ended]);
        let once = [begun(), vec![rotated(1, 105)]].concat();
        assert_eq!(presented(&once, 3), [Parent, Active, Ended]);
        let twice = [once, vec![rotated(2, 110)]].concat();
        assert_eq!(presented(&twice, 4), [Older, Parent, Active, Ended]);
        assert_eq!(presented(&ended(), 2), [Ended, Ended]);
        assert_eq!(presented(&[], 1), [Ended]);
    }

    #[test]
    fn what_has_ended_is_not_replaced() {
        let refused = |events: &[SignInEvent], command, error| {
            given::<SignIn>(events).when(command).then_expect_error(error);
        };
        refused(&[], rotate(5), SignInError::Ended);
        refused(&ended(), rotate(5), SignInError::Ended);
        refused(&begun(), rotate(100), SignInError::Expired);
        let never = SignInCommand::Rotate {
            now: at(5),
            expires_at: at(5),
        };
        refused(&begun(), never, SignInError::NeverValid);
        let last = [begun(), vec![rotated(u32::MAX, 100)]].concat();
        refused(&last, rotate(5), SignInError::UsedUp);
    }
}
