//! Sessions as readers see them, by the fingerprint of their token.

use std::sync::Arc;

use aggregates::{
    session::SessionEvent,
    values::{Audience, GrantMethod, SessionId, Timestamp, UserId},
};

use super::methods::Methods;
use super::subject::{Search, Subject, SubjectType, fingerprint_of};
use super::users::Duty;
use crate::Authorization;

/// The user to whom a token was issued, by the token or its SHA-256 in hexadecimal.
pub(crate) const BY_TOKEN: SubjectType = SubjectType {
    name: "token",
    read: |text| Ok(Subject::Token(fingerprint_of(text))),
    search: Search::Tokens,
};

/// A token that was issued and that nobody revoked individually.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) view: SessionView,
    /// The position at which the token was issued.
    pub(crate) issued_position: i64,
}

impl Session {
    /// The session after an event, with the fingerprint of its token; `None` if the event ends the session.
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

/// Which sessions of a user have ended, by the positions at which they were issued. Positions say exactly what began before what.
#[derive(Clone, Debug)]
pub(crate) struct Ends {
    /// The position of the last event that ended all sessions, except perhaps one. The user's creation is such an event.
    all: i64,
    /// What few users have.
    rare: Option<Arc<RareEnds>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct RareEnds {
    /// The position at which the session was issued that the last end of all sessions spared; 0 if it spared none.
    spared: i64,
    /// For each method, the position of the last event that ended the sessions which were obtained by it.
    by_method: [i64; GrantMethod::ALL.len()],
}

impl Ends {
    /// All sessions ended at `position`.
    pub(crate) fn at(position: i64) -> Self {
        Self {
            all: position,
            rare: None,
        }
    }

    /// The session issued at this position goes on: the last end of all sessions did not concern it.
    pub(crate) fn spare(&mut self, issued_position: i64) {
        Arc::make_mut(self.rare.get_or_insert_default()).spared = issued_position;
    }

    /// The sessions obtained by a method ended at `position`.
    pub(crate) fn end_method(&mut self, method: GrantMethod, position: i64) {
        let rare = Arc::make_mut(self.rare.get_or_insert_default());
        for (end, _) in rare
            .by_method
            .iter_mut()
            .zip(GrantMethod::ALL)
            .filter(|(_, of)| *of == method)
        {
            *end = position;
        }
    }

    /// Whether nothing after `position` ended the sessions of this method.
    fn spare_all_since(&self, position: i64, method: GrantMethod) -> bool {
        let of_method = |rare: &Arc<RareEnds>| {
            let mut ends = rare.by_method.iter().zip(GrantMethod::ALL);
            ends.any(|(end, of)| of == method && *end > position)
        };
        self.all <= position && !self.rare.as_ref().is_some_and(of_method)
    }

    /// Whether a session of the user goes on.
    pub(crate) fn spares(&self, session: &Session) -> bool {
        let issued = session.issued_position;
        match &self.rare {
            None => issued > self.all,
            Some(rare) => {
                let ends = rare.by_method.iter().zip(GrantMethod::ALL);
                let mut ends = ends.filter(|(_, method)| session.view.methods.contains(*method));
                (issued > self.all || issued == rare.spared) && ends.all(|(end, _)| issued > *end)
            }
        }
    }
}

/// A live session: one token that is valid until it expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// The id of the session.
    pub session_id: SessionId,
    /// The user to whom the token was issued.
    pub user_id: UserId,
    /// The only API on which the token is valid.
    pub face: Audience,
    /// How the user proved their identity.
    pub methods: Methods,
    /// When the token was issued.
    pub issued_at: Timestamp,
    /// When the token expires. The caller must compare it with the time.
    pub expires_at: Timestamp,
}

/// A live session, with the data of its user that decides whether the token is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The session.
    pub session: SessionView,
    /// Whether the user may prove their identity by a token alone.
    pub by_token: bool,
}

impl Authorization {
    /// Whether a user who proved their identity at `position`, by this method and without a token, has still proved it: the user
    /// exists, and nothing since then has ended the sessions that were obtained by this method.
    pub fn still_proved(&self, user: UserId, method: GrantMethod, position: i64) -> bool {
        let guard = self.collector.enter();
        let user = self.users.get(&user, &guard);
        user.is_some_and(|user| user.ends.spare_all_since(position, method))
    }

    /// Whether the user has a second factor, so that the password alone proves nothing.
    pub fn has_second_factor(&self, user: UserId) -> bool {
        let guard = self.collector.enter();
        let user = self.users.get(&user, &guard);
        user.is_some_and(|user| user.has_second_factor)
    }

    /// What a user must do before a token or a password of theirs is good for anything else. An unknown user must do nothing: nothing
    /// proves that user.
    pub fn duty(&self, user: UserId) -> Option<Duty> {
        let guard = self.collector.enter();
        self.users.get(&user, &guard)?.duty()
    }

    /// The session and user of the token with this SHA-256, unless the token is void. The caller must check whether it
    /// expired.
    pub fn bearer(&self, fingerprint: &[u8; 32]) -> Option<Bearer> {
        let guard = self.collector.enter();
        let session = self.sessions.get(fingerprint, &guard)?;
        let user = self.users.get(&session.view.user_id, &guard)?;
        user.ends.spares(session).then(|| Bearer {
            session: session.view,
            by_token: user.grant_types.satisfied_by(Methods::BY_TOKEN),
        })
    }
}
