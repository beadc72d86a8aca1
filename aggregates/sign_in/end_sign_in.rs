//! End a sign-in.

use super::{SignIn, SignInEnd, SignInError, SignInEvent};

pub(super) fn decide(sign_in: &SignIn, reason: SignInEnd) -> Result<Vec<SignInEvent>, SignInError> {
    sign_in.must_be_live()?;
    Ok(vec![SignInEvent::Ended { reason }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sign_in::{
            SignInCommand,
            tests::{begun, ended},
        },
        testing::given,
    };

    #[test]
    fn a_sign_in_ends_once() {
        let end = SignInCommand::End {
            reason: SignInEnd::Reused,
        };
        let reason = SignInEnd::Reused;
        given::<SignIn>(&begun())
            .when(end.clone())
            .then_expect_events(vec![SignInEvent::Ended { reason }]);
        for events in [vec![], ended()] {
            given::<SignIn>(&events)
                .when(end.clone())
                .then_expect_error(SignInError::Ended);
        }
    }
}
