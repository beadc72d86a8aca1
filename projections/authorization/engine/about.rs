//! What an event is about, for the folds of this crate. Register here what the events of a new aggregate mean to the
//! engine.

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    session::SessionEvent,
    user::UserEvent,
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
    /// An id that does not parse belongs to nobody; the event is skipped.
    Nobody,
}

impl<'a> About<'a> {
    /// Sorts an event of the stream with this id.
    pub(crate) fn of(id: &str, event: &'a Event) -> Self {
        match event {
            Event::User(event) => UserId::parse(id).map_or(Self::Nobody, |id| Self::User(id, event)),
            Event::Role(event) => RoleId::parse(id).map_or(Self::Nobody, |id| Self::Role(id, event)),
            Event::Session(event) => SessionId::parse(id).map_or(Self::Nobody, |id| Self::Session(id, event)),
        }
    }
}

impl<'a> From<&'a Recorded> for About<'a> {
    fn from(recorded: &'a Recorded) -> Self {
        Self::of(&recorded.aggregate_id, &recorded.event)
    }
}

/// An event in the field of its aggregate; the other fields are empty.
#[derive(Clone, Copy, Default)]
struct ByAggregate<'a> {
    user: Option<&'a UserEvent>,
    role: Option<&'a RoleEvent>,
    session: Option<&'a SessionEvent>,
}

impl<'a> ByAggregate<'a> {
    fn of(event: &'a Event) -> Self {
        let mut by = Self::default();
        match event {
            Event::User(event) => by.user = Some(event),
            Event::Role(event) => by.role = Some(event),
            Event::Session(event) => by.session = Some(event),
        }
        by
    }
}

/// The events of a user's stream, with their positions.
pub(crate) fn of_user<'a>(run: &[&'a Recorded]) -> impl Iterator<Item = (i64, &'a UserEvent)> {
    let event = |recorded: &&'a Recorded| Some((recorded.position, ByAggregate::of(&recorded.event).user?));
    run.iter().filter_map(event)
}

/// The events of a role's stream.
pub(crate) fn of_role<'a>(run: &[&'a Recorded]) -> impl Iterator<Item = &'a RoleEvent> {
    run.iter()
        .filter_map(|recorded| ByAggregate::of(&recorded.event).role)
}

/// The events of a session's stream, with their positions.
pub(crate) fn of_session<'a>(run: &[&'a Recorded]) -> impl Iterator<Item = (i64, &'a SessionEvent)> {
    let event =
        |recorded: &&'a Recorded| Some((recorded.position, ByAggregate::of(&recorded.event).session?));
    run.iter().filter_map(event)
}
