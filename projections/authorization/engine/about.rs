//! What an event is about, for the folds of this crate. What the events of a new aggregate mean to the engine stands in
//! `facts.rs`.

use aggregates::{
    Event, Listed, Recorded,
    role::{Role, RoleEvent},
    session::{Session, SessionEvent},
    user::{User, UserEvent},
    values::{RoleId, SessionId, UserId},
};

/// What an event is about, and what happened.
#[derive(Clone, Copy)]
pub(crate) enum About<'a> {
    /// A user.
    User(UserId, &'a UserEvent),
    /// A role.
    Role(RoleId, &'a RoleEvent),
    /// A session.
    Session(SessionId, &'a SessionEvent),
    /// An id that does not parse belongs to nobody, and all other aggregates state facts: the engine skips the event.
    Nobody,
}

impl<'a> About<'a> {
    /// Sorts an event of the stream with this id.
    pub(crate) fn of(id: &str, event: &'a Event) -> Self {
        if let Some(event) = event.of::<User>() {
            UserId::parse(id).map_or(Self::Nobody, |id| Self::User(id, event))
        } else if let Some(event) = event.of::<Role>() {
            RoleId::parse(id).map_or(Self::Nobody, |id| Self::Role(id, event))
        } else if let Some(event) = event.of::<Session>() {
            SessionId::parse(id).map_or(Self::Nobody, |id| Self::Session(id, event))
        } else {
            Self::Nobody
        }
    }
}

impl<'a> From<&'a Recorded> for About<'a> {
    fn from(recorded: &'a Recorded) -> Self {
        Self::of(&recorded.aggregate_id, &recorded.event)
    }
}

/// The events of a user's stream, with their positions.
pub(crate) fn of_user<'a>(run: &[&'a Recorded]) -> impl Iterator<Item = (i64, &'a UserEvent)> {
    positioned::<User>(run)
}

/// The events of a role's stream.
pub(crate) fn of_role<'a>(run: &[&'a Recorded]) -> impl Iterator<Item = &'a RoleEvent> {
    positioned::<Role>(run).map(|(_, event)| event)
}

/// The events of a session's stream, with their positions.
pub(crate) fn of_session<'a>(run: &[&'a Recorded]) -> impl Iterator<Item = (i64, &'a SessionEvent)> {
    positioned::<Session>(run)
}

fn positioned<'a, A: Listed>(run: &[&'a Recorded]) -> impl Iterator<Item = (i64, &'a A::Event)> {
    run.iter()
        .filter_map(|recorded| Some((recorded.position, recorded.event.of::<A>()?)))
}
