//! Whether a caller may do something with one thing.

use std::collections::BTreeSet;

use aggregates::{Registered as _, role::Role, user::User};
use authorization::{GroundStream, Grounds, Impossible, Inquiry, MODEL, Reach, Reason};
use ledger::{Object, Seen};
use projections::groups::GroupRow;
use uuid::Uuid;

use crate::{app::App, caller::Caller, evidence::is_about, refusal::Refusal};

/// How far the levels of the caller reach.
pub fn reach(app: &App, caller: &Caller) -> Reach {
    app.ledger().authorization().reach(caller.principal())
}

/// The right of a caller to change something: what it rests on. The change is made only if none of this has changed.
#[derive(Debug)]
pub(crate) struct Right {
    /// What the engine judged by.
    pub(crate) grounds: Grounds,
    /// Aggregates that were read.
    pub(crate) seen: Vec<Seen>,
    /// The stream of the caller, which is among the grounds.
    pub(crate) caller: GroundStream,
}

impl Right {
    /// The change also rests on these groups, and so on which applications are attached to them.
    pub(super) fn rest_on_groups(&mut self, groups: &[GroupRow]) {
        let streams = groups
            .iter()
            .map(|group| (Role::TYPE, group.id.role().to_string()));
        self.grounds.streams.extend(streams);
    }
}

/// Refuses unless the caller may do `action` on the thing. Only global administrators learn that it does not exist.
pub fn must(
    app: &App,
    caller: &Caller,
    kind: &'static str,
    id: &str,
    action: &'static str,
) -> Result<(), Refusal> {
    let forbidden = || {
        // The paths of os2iot have numbers, and auditors look for ids.
        let stream = MODEL.resource_type(kind).and_then(|of| of.stream(id));
        if let Some((aggregate_type, id)) = stream
            && let Ok(id) = Uuid::try_parse(&id)
        {
            is_about(Object {
                id,
                aggregate_type: Some(aggregate_type),
            });
        }
        Refusal::forbidden(action, &format!("{kind} {id}"))
    };
    let inquiry = Inquiry::parse(kind, id, action).map_err(|_| forbidden())?;
    let authorization = app.ledger().authorization();
    match authorization
        .answer(&caller.subject(), &inquiry, app.clock.now())
        .denied
    {
        None => Ok(()),
        Some(Reason::Impossible(Impossible::Resource)) if reach(app, caller).is_global => {
            Err(Refusal::not_found("thing"))
        }
        Some(_) => Err(forbidden()),
    }
}

/// The right of the caller to do `action` on the thing, unless [`must`] refuses. It rests on who the caller is, on where the thing is, and on
/// the groups of the caller if applications are attached to them.
pub(super) fn right(
    app: &App,
    caller: &Caller,
    kind: &'static str,
    id: &str,
    action: &'static str,
) -> Result<Right, Refusal> {
    let mut right = right_of(app, caller);
    let stream = MODEL.resource_type(kind).and_then(|of| of.stream(id));
    right.grounds.streams.extend(stream);
    if kind == "os2iot-application" {
        let groups = reach(app, caller).groups.into_iter();
        let streams = groups.map(|group| (Role::TYPE, group.role().to_string()));
        right.grounds.streams.extend(streams);
    }
    must(app, caller, kind, id, action)?;
    Ok(right)
}

/// What any right of the caller rests on. Read it before the judgement: an event that is applied in between comes after its position.
pub(super) fn right_of(app: &App, caller: &Caller) -> Right {
    let itself = match caller.machine() {
        Some(machine) => (machine.kind.aggregate_type, machine.id.to_string()),
        None => (User::TYPE, caller.user.to_string()),
    };
    Right {
        grounds: Grounds {
            position: app.ledger().authorization().position(),
            streams: BTreeSet::from([itself.clone()]),
        },
        seen: Vec::new(),
        caller: itself,
    }
}
