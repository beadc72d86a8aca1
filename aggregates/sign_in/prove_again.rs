//! The user has changed the password, and stays signed in.

use super::{SignIn, SignInError, SignInEvent};

pub(super) fn decide(sign_in: &SignIn, position: i64) -> Result<Vec<SignInEvent>, SignInError> {
    sign_in.must_be_live()?;
    Ok(match position > sign_in.proved_at {
        true => vec![SignInEvent::ProvedAgain { proved_at: position }],
        false => Vec::new(),
    })
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
    fn only_a_later_proof_counts() {
        let prove = |position| SignInCommand::ProveAgain { position };
        given::<SignIn>(&begun())
            .when(prove(8))
            .then_expect_events(vec![SignInEvent::ProvedAgain { proved_at: 8 }]);
        for position in [6, 7] {
            given::<SignIn>(&begun())
                .when(prove(position))
                .then_expect_events(vec![]);
        }
        for events in [vec![], ended()] {
            given::<SignIn>(&events)
                .when(prove(8))
                .then_expect_error(SignInError::Ended);
        }
    }
}
