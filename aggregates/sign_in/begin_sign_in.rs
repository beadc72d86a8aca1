//! Begin a sign-in.

use super::{BeginSignIn, SignIn, SignInError, SignInEvent, Stage};

pub(super) fn decide(sign_in: &SignIn, command: &BeginSignIn) -> Result<Vec<SignInEvent>, SignInError> {
    if sign_in.stage != Stage::Absent {
        return Err(SignInError::AlreadyExists);
    }
    if command.expires_at <= command.now || command.access_expires_at <= command.now {
        return Err(SignInError::NeverValid);
    }
    Ok(vec![
        SignInEvent::Begun {
            user_id: command.user_id,
            face: command.face,
            proved_at: command.proved_at,
            hours: command.hours,
            expires_at: command.expires_at,
        },
        SignInEvent::AccessIssued {
            number: sign_in.next_access(),
            issued_at: command.now,
            expires_at: command.access_expires_at,
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sign_in::{
            SignInCommand,
            tests::{at, begin, begun, ended},
        },
        testing::given,
    };

    #[test]
    fn a_sign_in_begins_once() {
        given::<SignIn>(&[])
            .when(SignInCommand::Begin(begin()))
            .then_expect_events(begun());
        for events in [begun(), ended()] {
            given::<SignIn>(&events)
                .when(SignInCommand::Begin(begin()))
                .then_expect_error(SignInError::AlreadyExists);
        }
    }

    #[test]
    fn its_tokens_end_after_they_begin() {
        for command in [
            BeginSignIn {
                expires_at: at(0),
                ..begin()
            },
            BeginSignIn {
                access_expires_at: at(0),
                ..begin()
            },
        ] {
            given::<SignIn>(&[])
                .when(SignInCommand::Begin(command))
                .then_expect_error(SignInError::NeverValid);
        }
    }
}
