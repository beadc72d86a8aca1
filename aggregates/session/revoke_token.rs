//! Revoke a token before it expires.

use super::{Session, SessionError, SessionEvent};

pub(super) fn decide(session: &Session) -> Result<Vec<SessionEvent>, SessionError> {
    if !session.is_live() {
        return Err(SessionError::NotFound);
    }
    Ok(vec![SessionEvent::TokenRevoked {}])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        session::{SessionCommand, fixtures::issued},
        testing::{folded, given},
    };

    #[test]
    fn a_token_is_revoked() {
        given::<Session>(&[issued()])
            .when(SessionCommand::RevokeToken)
            .then_expect_events(vec![SessionEvent::TokenRevoked {}]);
        assert!(!folded::<Session>([issued(), SessionEvent::TokenRevoked {}]).is_live());
    }

    #[test]
    fn a_token_is_revoked_once() {
        for events in [vec![], vec![issued(), SessionEvent::TokenRevoked {}]] {
            given::<Session>(&events)
                .when(SessionCommand::RevokeToken)
                .then_expect_error(SessionError::NotFound);
        }
    }
}
