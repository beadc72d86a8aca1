//! End a token with the sign-in that it belongs to. Somebody may have revoked it before.

use super::{Session, SessionEvent};

pub(super) fn decide(session: &Session) -> Vec<SessionEvent> {
    match session.is_live() {
        true => vec![SessionEvent::TokenRevoked {}],
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        session::{SessionCommand, fixtures::issued},
        testing::given,
    };

    #[test]
    fn a_token_ends_once() {
        given::<Session>(&[issued()])
            .when(SessionCommand::EndToken)
            .then_expect_events(vec![SessionEvent::TokenRevoked {}]);
        for events in [vec![], vec![issued(), SessionEvent::TokenRevoked {}]] {
            given::<Session>(&events)
                .when(SessionCommand::EndToken)
                .then_expect_events(vec![]);
        }
    }
}
