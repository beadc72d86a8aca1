//! Pages of changes: the same as from what counted before and after each event.

use std::{collections::BTreeMap, ops::RangeInclusive};

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    user::UserEvent,
    values::{Permission, PermissionId, RoleId, RoleName, Timestamp},
};
use proptest::prelude::*;

use super::{
    super::{
        Interest, MODEL, Model, Subject,
        engine::about::About,
        past::{
            Cause, Course, Draft, Ends, Given, Grant, GrantChange, GrantChanges, Grants, HeldRole,
            MOST_LISTED, Moment, Names, Past, Span, Touch, role_name,
        },
    },
    ledger::{Ledger, permission_id, role_created, role_granted, role_id, user_created, user_id},
    moments::{about, subjects},
    random::{Step, a_history, write},
    suspending,
};

/// A page of changes. What the roles gave comes from walks through all their events.
pub(super) fn changes(
    model: &'static Model,
    subject: &Subject,
    span: RangeInclusive<i64>,
    events: &[Recorded],
    limit: usize,
    interest: &Interest,
) -> GrantChanges {
    let (own, of_roles): (Vec<Recorded>, Vec<Recorded>) = events
        .iter()
        .cloned()
        .partition(|event| !matches!(About::from(event), About::Role(..)));
    let lives = of_roles.iter().filter(|event| {
        matches!(
            &event.event,
            Event::Role(RoleEvent::Created { .. } | RoleEvent::Deleted {})
        )
    });
    let mut course: Vec<Recorded> = own.into_iter().chain(lives.cloned()).collect();
    course.sort_by_key(|event| event.position);
    let course = Course::within(model, subject, span, &course, interest);
    let walk = Walk { of_roles: &of_roles };
    let mut touches: Vec<Touch> = Vec::new();
    for tenure in &course.tenures {
        let until = tenure.until.unwrap_or(i64::MAX);
        touches.extend(walk.touches(&tenure.held, tenure.after, until));
    }
    let (_, to) = course.ends();
    touches.retain(|touch| touch.position <= to && !interest.is_lost());
    touches.sort_by_key(|touch| touch.position);
    let mut touches = touches.into_iter().peekable();
    let mut draft = Draft::new(&course, limit);
    for step in &course.steps {
        while let Some(touch) = touches.next_if(|touch| touch.position < step.position()) {
            draft.touch(touch);
        }
        let lost = walk.given(&step.lost, step.position() - 1);
        draft.step(step, lost, walk.given(&step.gained, step.position()));
    }
    touches.for_each(|touch| draft.touch(touch));
    let (from, to) = draft.ends();
    let Ends { lost, gained } = draft.roles_at_ends();
    let gaps = draft.gaps();
    let gaps = gaps
        .iter()
        .flat_map(|gap| walk.touches(&gap.held, gap.after, gap.until));
    draft.sum(gaps.collect(), walk.given(&lost, from), walk.given(&gained, to));
    let (needed, _) = draft.needs();
    let causes = events.iter().map(|event| (event.position, Cause::from(event)));
    let causes = causes.filter(|(position, _)| needed.contains(position)).collect();
    draft.finish(&causes, &walk.names()).unwrap()
}

/// All events of roles.
struct Walk<'a> {
    of_roles: &'a [Recorded],
}

impl Walk<'_> {
    fn of(&self, role: RoleId) -> impl Iterator<Item = (i64, &RoleEvent)> {
        self.of_roles
            .iter()
            .filter_map(move |event| match About::from(event) {
                About::Role(id, what) if id == role => Some((event.position, what)),
                _ => None,
            })
    }

    /// What a role gave after a position, in the order in which it was given.
    fn gave(&self, role: RoleId, at: i64) -> Vec<Span> {
        let mut given = BTreeMap::new();
        for (position, event) in self.of(role).take_while(|(position, _)| *position <= at) {
            give(&mut given, position, event);
        }
        let mut given: Vec<Span> = given.into_values().collect();
        given.sort_by_key(|span| span.since);
        given
    }

    fn given(&self, roles: &[HeldRole], at: i64) -> Vec<Given> {
        let given = roles.iter().map(|held| {
            let mut first = self.gave(held.role, at);
            let count = first.len();
            first.truncate(MOST_LISTED);
            Given {
                held: held.clone(),
                count,
                first,
            }
        });
        given.collect()
    }

    fn touches(&self, held: &HeldRole, after: i64, until: i64) -> Vec<Touch> {
        let (mut touches, mut given) = (Vec::new(), BTreeMap::new());
        for (position, event) in self.of(held.role) {
            let id = match event {
                RoleEvent::PermissionAdded { permission } => Some(permission.id),
                RoleEvent::PermissionChanged { id, .. } | RoleEvent::PermissionRemoved { id } => Some(*id),
                _ => None,
            };
            let before = id.and_then(|id| given.get(&id).cloned());
            give(&mut given, position, event);
            if let Some(id) = id.filter(|_| after < position && position < until) {
                touches.push(Touch {
                    held: held.clone(),
                    position,
                    before,
                    after: given.get(&id).cloned(),
                });
            }
        }
        touches
    }

    fn names(&self) -> Names {
        let mut names: BTreeMap<RoleId, Vec<(i64, RoleName)>> = BTreeMap::new();
        for event in self.of_roles {
            if let (About::Role(id, _), Some(name)) = (About::from(event), role_name(event)) {
                names.entry(id).or_default().push((event.position, name.clone()));
            }
        }
        names
    }
}

/// Applies an event to what a role gives.
fn give(given: &mut BTreeMap<PermissionId, Span>, position: i64, event: &RoleEvent) {
    let span = |permission: Permission| Span {
        permission,
        since: position,
    };
    match event {
        RoleEvent::PermissionAdded { permission } => {
            given.insert(permission.id, span(permission.clone()));
        }
        RoleEvent::PermissionChanged {
            id,
            resource,
            operation,
        } => {
            if let Some(held) = given.get_mut(id) {
                *held = span(Permission {
                    resource: resource.clone(),
                    operation: *operation,
                    ..held.permission.clone()
                });
            }
        }
        RoleEvent::PermissionRemoved { id } => drop(given.remove(id)),
        RoleEvent::Created { .. } | RoleEvent::Deleted {} => given.clear(),
        RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => {}
    }
}

/// The events that a ledger would record, numbered anew. Of roles: they are created once, they get each permission once, and nothing happens to them,
/// and nobody gets them, while they do not exist.
pub(super) fn sensible(events: Vec<Recorded>) -> Vec<Recorded> {
    let mut roles: BTreeMap<RoleId, Option<Vec<PermissionId>>> = BTreeMap::new();
    let mut takes = |event: &Recorded| match About::from(event) {
        About::Role(id, event) => match (event, roles.get_mut(&id)) {
            (RoleEvent::Created { .. }, None) => roles.insert(id, Some(Vec::new())).is_none(),
            (_, None | Some(None)) => false,
            (RoleEvent::Created { .. }, Some(_)) => false,
            (RoleEvent::Deleted {}, Some(role)) => role.take().is_some(),
            (RoleEvent::PermissionAdded { permission }, Some(Some(held))) => {
                let is_new = !held.contains(&permission.id);
                held.push(permission.id);
                is_new
            }
            (RoleEvent::PermissionChanged { id, .. }, Some(Some(held))) => held.contains(id),
            (RoleEvent::PermissionRemoved { id }, Some(Some(held))) => {
                let before = held.len();
                held.retain(|other| other != id);
                held.len() < before
            }
            (
                RoleEvent::Renamed { .. }
                | RoleEvent::SharingChanged { .. }
                | RoleEvent::GroupFormed { .. }
                | RoleEvent::GroupAddsNewApplicationsChanged { .. }
                | RoleEvent::ApplicationAttached { .. }
                | RoleEvent::ApplicationDetached { .. },
                Some(Some(_)),
            ) => true,
        },
        About::User(_, UserEvent::RoleGranted { role_id, .. }) => {
            roles.get(role_id).is_some_and(Option::is_some)
        }
        About::User(..) | About::Session(..) | About::Nobody => true,
    };
    let mut taken: Vec<Recorded> = events.into_iter().filter(|event| takes(event)).collect();
    for (position, event) in (1..).zip(&mut taken) {
        event.position = position;
    }
    taken
}

/// The changes of a page, the slow way: from all grants and the publish prefix before and after each event.
fn slowly(
    model: &'static Model,
    subject: &Subject,
    (from, to): (i64, i64),
    events: &[Recorded],
    limit: usize,
) -> GrantChanges {
    let at = |position: i64| {
        let moment = Moment {
            position,
            time: Timestamp::from_micros(0),
        };
        let past = Past::within(model, subject.clone(), moment, events, &Interest::default());
        (past.grants(), past.publish_prefix().map(str::to_owned))
    };
    let mut page = GrantChanges::default();
    let start = at(from);
    let mut before = start.clone();
    for event in events
        .iter()
        .filter(|event| from < event.position && event.position <= to)
    {
        let after = at(event.position);
        let (gained, lost) = (only(&after.0, &before.0), only(&before.0, &after.0));
        let prefix = (before.1 != after.1).then(|| [before.1.clone(), after.1.clone()]);
        if !gained.listed.is_empty() || !lost.listed.is_empty() || prefix.is_some() {
            if page.changes.len() == limit {
                // The page ends with its last change, whatever came between that and the next one.
                page.next = page.changes.last().map(|last| last.cause.position);
                before = at(page.next.unwrap_or(from));
                break;
            }
            page.changes.push(GrantChange {
                cause: Cause::from(event),
                gained,
                lost,
                prefix,
            });
        }
        before = after;
    }
    page.gained = only(&before.0, &start.0);
    page.lost = only(&start.0, &before.0);
    page
}

/// The grants of `one` that are not the same right in `other`.
fn only(one: &[Grant], other: &[Grant]) -> Grants {
    let source = |grant: &Grant| {
        let role = grant.through.as_ref().map(|through| through.role);
        (role, grant.permission.id)
    };
    let is_in_other = |grant: &&Grant| {
        let mut same = other.iter().filter(|other| source(other) == source(grant));
        same.any(|other| other.permission.same_right(&grant.permission))
    };
    let mut listed: Vec<Grant> = one.iter().filter(|grant| !is_in_other(grant)).cloned().collect();
    let left_out = listed.len().saturating_sub(MOST_LISTED);
    listed.truncate(MOST_LISTED);
    Grants { listed, left_out }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_page_says_what_all_events_say(
        suspending in any::<bool>(),
        steps in a_history(90),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        limit in 1..12usize,
    ) {
        let model = suspending::model(suspending);
        let (mut ledger, mut oracle) = (Ledger::default(), suspending::oracle(suspending));
        for step in steps {
            write(step, &mut ledger, &mut oracle);
        }
        let events = sensible(ledger.0);
        let (from, to) = (from.index(events.len() + 1), to.index(events.len() + 1));
        let (from, to) = (from.min(to) as i64, from.max(to) as i64);
        for subject in subjects("") {
            let events = about(&subject, &events);
            let page = changes(model, &subject, from..=to, &events, limit, &Interest::default());
            prop_assert_eq!(page, slowly(model, &subject, (from, to), &events, limit), "{:?}", subject);
        }
    }
}

/// A role that gives many permissions counts, does not, and counts again; meanwhile it changes.
#[test]
fn what_changed_while_a_role_did_not_count_is_in_the_sum() {
    let (user, role, many) = (1, 1, 250);
    let added = |number: u128| RoleEvent::PermissionAdded {
        permission: super::ledger::permission(
            number,
            aggregates::values::Context::Mqtt,
            aggregates::values::Operation::Read,
            &format!("plant/{number}"),
        ),
    };
    let mut ledger = Ledger::default();
    ledger.role(role, role_created("first"));
    for number in 0..many {
        ledger.role(role, added(number));
    }
    ledger
        .user(user, user_created("ada"))
        .user(user, role_granted(role));
    let from = ledger.0.len() as i64;
    ledger.user(
        user,
        UserEvent::RoleRevoked {
            role_id: role_id(role),
        },
    );
    for number in many..2 * many {
        ledger.role(role, added(number)).role(
            role,
            RoleEvent::PermissionRemoved {
                id: permission_id(number - many),
            },
        );
    }
    ledger
        .role(
            role,
            RoleEvent::Renamed {
                name: RoleName::parse("second").unwrap(),
            },
        )
        .user(user, role_granted(role));
    let to = ledger.0.len() as i64;
    let subject = Subject::User(user_id(user));
    let page = changes(&MODEL, &subject, from..=to, &ledger.0, 9, &Interest::default());
    assert_eq!(page, slowly(&MODEL, &subject, (from, to), &ledger.0, 9));
    assert_eq!(page.changes.len(), 2);
    assert_eq!((page.gained.listed.len(), page.gained.left_out), (100, 150));
    let names = [&page.gained, &page.lost].map(|grants| {
        let through = grants.listed[0].through.as_ref().unwrap();
        through.name.to_string()
    });
    assert_eq!(names, ["second", "first"]);
}

#[test]
fn steps_are_written_only_as_a_ledger_would() {
    let mut ledger = Ledger::default();
    let gone = Step::Role(1, RoleEvent::Deleted {});
    let mut oracle = suspending::oracle(false);
    write(gone, &mut ledger, &mut oracle);
    ledger.user(1, role_granted(1));
    assert_eq!(sensible(ledger.0), []);
}

#[test]
fn a_token_counts_again_once_a_demanded_password_is_set() {
    let mut ledger = Ledger::default();
    let permission = super::ledger::permission(
        1,
        aggregates::values::Context::Mqtt,
        aggregates::values::Operation::Read,
        "a",
    );
    ledger
        .user(1, user_created("ada"))
        .user(1, UserEvent::PermissionGranted { permission })
        .session(1, super::ledger::token_issued(1, 1, 10))
        .user(1, UserEvent::PasswordChangeDemanded { demanded: true })
        .user(
            1,
            UserEvent::PasswordChanged {
                password_hash: String::from("$argon2id$hash").into(),
            },
        );
    let subject = Subject::Token(super::ledger::fingerprint(1));
    let page = changes(&MODEL, &subject, 0..=5, &ledger.0, 9, &Interest::default());
    let counts: Vec<_> = page
        .changes
        .iter()
        .map(|change| {
            (
                change.cause.position,
                change.gained.listed.len(),
                change.lost.listed.len(),
            )
        })
        .collect();
    assert_eq!(counts, [(3, 1, 0), (4, 0, 1), (5, 1, 0)]);
}
