//! Issue an access token.

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
    let number = sign_in.next_access();
    if number == sign_in.issued {
        return Err(SignInError::UsedUp);
    }
    Ok(vec![SignInEvent::AccessIssued {
        number,
        issued_at: now,
        expires_at,
    }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Registered,
        sign_in::{
            MOST_ACCESS, SignInCommand,
            tests::{access, at, begun, ended, id},
        },
        testing::{folded, given},
    };

    fn issue(now: i64) -> SignInCommand {
        SignInCommand::IssueAccess {
            now: at(now),
            expires_at: at(now + 10),
        }
    }

    #[test]
    fn access_tokens_are_numbered() {
        given::<SignIn>(&begun())
            .when(issue(5))
            .then_expect_events(vec![access(2, 5)]);
        let state: SignIn = folded([begun(), vec![access(2, 5)]].concat());
        assert_eq!(state.sessions(id(), at(9)), [id().session(1), id().session(2)]);
        assert_eq!(state.sessions(id(), at(10)), [id().session(2)]);
        assert_eq!(state.sessions(id(), at(15)), []);
    }

    #[test]
    fn nobody_gets_one_without_a_refresh_token_that_is_valid() {
        let refused = |events: &[SignInEvent], command, error| {
            given::<SignIn>(events).when(command).then_expect_error(error);
        };
        refused(&[], issue(5), SignInError::Ended);
        refused(&ended(), issue(5), SignInError::Ended);
        refused(&begun(), issue(100), SignInError::Expired);
        let never = SignInCommand::IssueAccess {
            now: at(5),
            expires_at: at(5),
        };
        refused(&begun(), never, SignInError::NeverValid);
        refused(
            &[begun(), vec![access(u32::MAX, 5)]].concat(),
            issue(6),
            SignInError::UsedUp,
        );
    }

    #[test]
    fn there_are_never_more_than_a_few() {
        let most = u32::try_from(MOST_ACCESS).unwrap();
        let issued = (2..=most).map(|number| access(number, 1)).collect();
        let mut state: SignIn = folded([begun(), issued].concat());
        assert_eq!(state.crowded_out(id(), at(1)), Some(id().session(1)));
        assert_eq!(state.crowded_out(id(), at(10)), None, "the first one has expired");
        Registered::apply(&mut state, access(most + 1, 1));
        assert_eq!(state.access.len(), MOST_ACCESS);
        assert_eq!(state.crowded_out(id(), at(1)), Some(id().session(2)));
    }
}
