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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        session::{
            SessionCommand,
            fixtures::{issue, issued},
        },
        testing::{folded, given, user_id},
        values::Timestamp,
    };

    #[test]
    fn a_token_is_issued() {
        given::<Session>(&[])
            .when(SessionCommand::IssueToken(issue()))
            .then_expect_events(vec![issued()]);
        let session: Session = folded([issued()]);
        assert!(session.is_live());
        assert_eq!(session.user_id, Some(user_id(1)));
        assert_eq!(session.expires_at, Timestamp::from_micros(2_000_000));
    }

    #[test]
    fn a_token_ends_after_it_begins() {
        for end in [0, 1_000_000] {
            let command = IssueToken {
                expires_at: Timestamp::from_micros(end),
                ..issue()
            };
            given::<Session>(&[])
                .when(SessionCommand::IssueToken(command))
                .then_expect_error(SessionError::NeverValid);
        }
    }

    #[test]
    fn an_id_is_used_once() {
        for events in [vec![issued()], vec![issued(), SessionEvent::TokenRevoked {}]] {
            given::<Session>(&events)
                .when(SessionCommand::IssueToken(issue()))
                .then_expect_error(SessionError::AlreadyExists);
        }
    }
}
