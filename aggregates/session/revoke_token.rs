//! Void a token before its time.

use super::{Session, SessionError, SessionEvent};

pub(super) fn decide(session: &Session) -> Result<Vec<SessionEvent>, SessionError> {
    if !session.is_live() {
        return Err(SessionError::NotFound);
    }
    Ok(vec![SessionEvent::TokenRevoked {}])
}
