//! A sign-in for the tests of its decisions, and what its commands say of themselves.

use uuid::Uuid;

use super::*;
use crate::{
    testing::{commands_begin_streams_as_they_say, user_id},
    values::Audience,
};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

pub(super) fn id() -> SignInId {
    SignInId::of(Uuid::from_u128(7 << 64))
}

/// Begins at second 0. The refresh token is valid until second 100, the access token until second 10.
pub(super) fn begin() -> BeginSignIn {
    BeginSignIn {
        user_id: user_id(1),
        face: Audience::Nx,
        proved_at: 7,
        hours: 8,
        now: at(0),
        access_expires_at: at(10),
        expires_at: at(100),
    }
}

/// The events that [`begin`] leads to.
pub(super) fn begun() -> Vec<SignInEvent> {
    let begun = SignInEvent::Begun {
        user_id: user_id(1),
        face: Audience::Nx,
        proved_at: 7,
        hours: 8,
        expires_at: at(100),
    };
    vec![begun, access(1, 0)]
}

/// An access token that is valid for ten seconds.
pub(super) fn access(number: u32, issued: i64) -> SignInEvent {
    SignInEvent::AccessIssued {
        number,
        issued_at: at(issued),
        expires_at: at(issued + 10),
    }
}

pub(super) fn rotated(generation: u32, expires: i64) -> SignInEvent {
    SignInEvent::Rotated {
        generation,
        expires_at: at(expires),
    }
}

pub(super) fn ended() -> Vec<SignInEvent> {
    let mut events = begun();
    events.push(SignInEvent::Ended {
        reason: SignInEnd::SignedOut,
    });
    events
}

#[test]
fn only_the_beginning_begins_a_stream() {
    commands_begin_streams_as_they_say::<SignIn>(|command| {
        Some(match command {
            None => SignInCommand::Begin(begin()),
            Some(SignInCommand::Begin(_)) => SignInCommand::IssueAccess {
                now: at(1),
                expires_at: at(2),
            },
            Some(SignInCommand::IssueAccess { .. }) => SignInCommand::Rotate {
                now: at(1),
                expires_at: at(2),
            },
            Some(SignInCommand::Rotate { .. }) => SignInCommand::ProveAgain { position: 8 },
            Some(SignInCommand::ProveAgain { .. }) => SignInCommand::End {
                reason: SignInEnd::SignedOut,
            },
            Some(SignInCommand::End { .. }) => return None,
        })
    });
}
