//! Record that a token is issued.

use super::{IssueToken, Session, SessionError, SessionEvent, Stage};

pub(super) fn decide(session: &Session, command: IssueToken) -> Result<Vec<SessionEvent>, SessionError> {
    if session.stage != Stage::Absent {
        return Err(SessionError::AlreadyExists);
    }
    if command.expires_at <= command.issued_at {
        return Err(SessionError::NeverValid);
    }
    Ok(vec![SessionEvent::TokenIssued {
        user_id: command.user_id,
        face: command.face,
        fingerprint: command.fingerprint,
        label: command.label.to_string(),
        methods: command.methods,
        issued_at: command.issued_at,
        expires_at: command.expires_at,
    }])
}
