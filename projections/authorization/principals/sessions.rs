//! Sessions as readers see them, by the fingerprint of their token.

use aggregates::{
    session::SessionEvent,
    values::{Audience, SessionId, Timestamp, UserId},
};

use super::methods::Methods;
use super::subject::{Subject, SubjectType, fingerprint_of};
use crate::Authorization;

/// Whoever was issued a token, by the token or its SHA-256 in hexadecimal.
pub(crate) const BY_TOKEN: SubjectType = SubjectType {
    name: "token",
    read: |text| Ok(Subject::Token(fingerprint_of(text))),
};

/// A token that was issued and not revoked itself.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) view: SessionView,
    /// Position at which it was issued.
    pub(crate) issued_position: i64,
}

impl Session {
    /// The session as an event leaves it, with the fingerprint of its token; `None` if the event ends it.
    pub(crate) fn issued(id: SessionId, position: i64, event: &SessionEvent) -> Option<([u8; 32], Self)> {
        match event {
            SessionEvent::TokenIssued {
                user_id,
                face,
                fingerprint,
                label: _,
                methods,
                issued_at,
                expires_at,
            } => {
                let view = SessionView {
                    session_id: id,
                    user_id: *user_id,
                    face: *face,
                    methods: methods.iter().copied().collect(),
                    issued_at: *issued_at,
                    expires_at: *expires_at,
                };
                let session = Self {
                    view,
                    issued_position: position,
                };
                Some((fingerprint.digest(), session))
            }
            SessionEvent::TokenRevoked {} => None,
        }
    }
}

/// A live session: one token that is good until it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub session_id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The only API it is good on.
    pub face: Audience,
    /// How the user proved who they are.
    pub methods: Methods,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends. Comparing it with the time is the caller's.
    pub expires_at: Timestamp,
}

/// A live session, with what of its user decides whether its token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The session.
    pub session: SessionView,
    /// Whether its user may prove who they are by a token alone.
    pub by_token: bool,
}

impl Authorization {
    /// Whose the token with this SHA-256 is, unless it is void. Whether it expired, the caller sees.
    pub fn bearer(&self, fingerprint: &[u8; 32]) -> Option<Bearer> {
        let guard = self.collector.enter();
        let session = self.sessions.get(fingerprint, &guard)?;
        let user = self.users.get(&session.view.user_id, &guard)?;
        (session.issued_position > user.sessions_after).then(|| Bearer {
            session: session.view,
            by_token: user.grant_types.satisfied_by(Methods::BY_TOKEN),
        })
    }
}
