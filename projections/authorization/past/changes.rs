//! What a subject gained and lost, event by event.

use std::{collections::BTreeMap, ops::RangeInclusive};

use aggregates::{
    Recorded,
    role::RoleEvent,
    user::UserEvent,
    values::{PermissionId, RoleId, RoleName, Timestamp},
};

use super::{
    Cause, Grant,
    holdings::{Holdings, Source},
};
use crate::{
    Authorization, MODEL, Model, Principal, Subject,
    engine::{about::About, facts::Fact},
    principals::users::{RoleStep, Standing},
};

/// What one event changed for a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantChange {
    /// The event.
    pub cause: Cause,
    /// The grants that count for the subject from this event on.
    pub gained: Vec<Grant>,
    /// The grants that no longer count.
    pub lost: Vec<Grant>,
    /// The publish prefix before and after, if it changed.
    pub prefix: Option<[Option<String>; 2]>,
}

/// What a subject gained and lost between two moments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrantChanges {
    /// The changes, one for each event, in order.
    pub changes: Vec<GrantChange>,
    /// The grants that count at the end but did not count at the start.
    pub gained: Vec<Grant>,
    /// The grants that counted at the start but do not count at the end.
    pub lost: Vec<Grant>,
    /// If some changes are not listed: the position of the last listed change.
    pub next: Option<i64>,
}

/// After this many grants, no further change is listed: one event may grant or revoke a role with thousands of
/// permissions.
const MOST_GRANTS: usize = 20_000;

type HeldGrants = BTreeMap<Source, Grant>;

impl GrantChanges {
    /// Takes the events of all streams that matter, in order. Lists the changes by events after `from` up to `to`, at
    /// most `limit` changes. The end of a token or a certificate is not an event: they count throughout, until they are
    /// revoked.
    pub fn of(subject: &Subject, from: i64, to: i64, events: &[Recorded], limit: usize) -> Self {
        Self::within(&MODEL, subject, from..=to, events, limit)
    }

    /// The same, with the kinds of a model.
    pub fn within(
        model: &'static Model,
        subject: &Subject,
        span: RangeInclusive<i64>,
        events: &[Recorded],
        limit: usize,
    ) -> Self {
        let (from, to) = span.into_inner();
        let mut state = State::within(model, subject);
        let mut found = Self::default();
        let start = events.partition_point(|event| event.position <= from);
        let end = events.partition_point(|event| event.position <= to);
        let (before, during) = events.get(..end.max(start)).unwrap_or_default().split_at(start);
        before.iter().for_each(|event| state.apply(event));
        let at_start = state.held();
        let mut held = at_start.clone();
        let mut prefix = state.prefix();
        let mut told = 0;
        for event in during {
            if found.changes.len() == limit || told > MOST_GRANTS {
                // The remaining events are not listed one by one, but they count for the totals.
                state.apply(event);
                found.next = found.changes.last().map(|last| last.cause.position);
                continue;
            }
            let (gained, lost) = state.take(event, &mut held);
            let new_prefix = state.prefix();
            let prefixes = (prefix != new_prefix).then(|| [prefix.take(), new_prefix.clone()]);
            told += gained.len() + lost.len();
            if !gained.is_empty() || !lost.is_empty() || prefixes.is_some() {
                found.changes.push(GrantChange {
                    cause: Cause::from(event),
                    gained,
                    lost,
                    prefix: prefixes,
                });
            }
            prefix = new_prefix;
        }
        (found.gained, found.lost) = difference(&at_start, &state.held());
        found
    }
}

/// The state of the subject after the events so far.
struct State<'a> {
    model: &'static Model,
    subject: &'a Subject,
    engine: Authorization,
    holdings: Holdings,
}

impl<'a> State<'a> {
    fn within(model: &'static Model, subject: &'a Subject) -> Self {
        Self {
            model,
            subject,
            engine: Authorization::within(model),
            holdings: Holdings::within(model),
        }
    }

    fn apply(&mut self, event: &Recorded) {
        self.engine.apply(std::slice::from_ref(event));
        self.holdings.apply(event);
    }

    /// Applies an event, updates `held`, and returns the grants gained and lost by the event.
    fn take(&mut self, event: &Recorded, held: &mut HeldGrants) -> (Vec<Grant>, Vec<Grant>) {
        // Looks both before and after the event, since some sources exist at only one of these times.
        let before = self.sources_of_role(event, held);
        self.apply(event);
        let of_role = before.map(|before| {
            let after = self.sources_of_role(event, held).unwrap_or_default();
            [before, after].concat()
        });
        if let Some((role, name)) = renamed(event) {
            rename(held, role, name);
        }
        let now = match of_role.or_else(|| self.sources(event)) {
            Some(sources) if sources.is_empty() => return Default::default(),
            // Most events concern one permission: all others stay.
            Some(sources) => {
                let grants = |source: &Source| {
                    Some((
                        *source,
                        self.principal()
                            .and_then(|principal| self.holdings.grant(principal, *source))?,
                    ))
                };
                let now: HeldGrants = sources.iter().filter_map(grants).collect();
                let before: HeldGrants = sources
                    .iter()
                    .filter_map(|source| Some((*source, held.remove(source)?)))
                    .collect();
                held.extend(now.clone());
                return difference(&before, &now);
            }
            None => self.held(),
        };
        let differing = difference(held, &now);
        *held = now;
        differing
    }

    /// All sources of a role that an event grants to a user or revokes from them.
    fn sources_of_role(&self, event: &Recorded, held: &HeldGrants) -> Option<Vec<Source>> {
        let role = match About::from(event) {
            About::User(_, event) => match RoleStep::of(event) {
                RoleStep::Granted(role) | RoleStep::Revoked(role) => role,
                RoleStep::Kept => return None,
            },
            About::Role(..) | About::Session(..) | About::Nobody => return None,
        };
        let of_role = held.range(of_role(role)).map(|(source, _)| *source);
        let given = self.holdings.permissions_of(role);
        Some(of_role.chain(given.map(|id| (Some(role), id))).collect())
    }

    /// The only sources that an event can change; `None` if it may change any.
    fn sources(&self, event: &Recorded) -> Option<Vec<Source>> {
        let facts = (self.model.facts)(&event.aggregate_id, &event.event);
        let of_machine = |fact: &Fact| match fact {
            Fact::Machine { .. } => true,
            Fact::Placed { .. } | Fact::Removed { .. } => false,
        };
        match self.changes_standing(event) || facts.iter().any(of_machine) {
            true => None,
            false => sources(event),
        }
    }

    /// Whether an event changes whether a user may do anything at all. Such an event is about everything that the user
    /// holds.
    fn changes_standing(&self, event: &Recorded) -> bool {
        match About::from(event) {
            About::User(_, event) => (self.model.standing)(event) != Standing::Kept,
            About::Role(..) | About::Session(..) | About::Nobody => false,
        }
    }

    fn principal(&self) -> Option<Principal> {
        self.engine
            .principal(self.subject, Timestamp::from_micros(0))
            .ok()
    }

    fn held(&self) -> HeldGrants {
        let grants = self.principal().map(|principal| self.holdings.grants(principal));
        let grants = grants.into_iter().flatten();
        grants
            .map(|grant| {
                let role = grant.through.as_ref().map(|through| through.role);
                ((role, grant.permission.id), grant)
            })
            .collect()
    }

    fn prefix(&self) -> Option<String> {
        let (prefix, _) = self.holdings.prefix(self.principal()?)?;
        Some(prefix.to_owned())
    }
}

/// The range of all sources of a role among the held grants.
fn of_role(role: RoleId) -> RangeInclusive<Source> {
    let (first, last) = (uuid::Uuid::nil(), uuid::Uuid::max());
    (Some(role), PermissionId(first))..=(Some(role), PermissionId(last))
}

/// The role that an event renames, and the new name.
fn renamed(event: &Recorded) -> Option<(RoleId, &RoleName)> {
    match About::from(event) {
        About::Role(role, event) => match event {
            RoleEvent::Renamed { name } => Some((role, name)),
            RoleEvent::Created { .. }
            | RoleEvent::SharingChanged { .. }
            | RoleEvent::PermissionAdded { .. }
            | RoleEvent::PermissionChanged { .. }
            | RoleEvent::PermissionRemoved { .. }
            | RoleEvent::Deleted {} => None,
        },
        About::User(..) | About::Session(..) | About::Nobody => None,
    }
}

fn rename(held: &mut HeldGrants, role: RoleId, name: &RoleName) {
    for (_, grant) in held.range_mut(of_role(role)) {
        if let Some(through) = &mut grant.through {
            through.name = name.clone();
        }
    }
}

/// The same, for an event that says nothing about machines.
fn sources(event: &Recorded) -> Option<Vec<Source>> {
    match About::from(event) {
        About::User(_, event) => match event {
            UserEvent::PermissionGranted { permission } => Some(vec![(None, permission.id)]),
            UserEvent::PermissionRevoked { id } => Some(vec![(None, *id)]),
            UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordSet { .. }
            | UserEvent::PasswordRehashed { .. } => Some(Vec::new()),
            UserEvent::Created { .. }
            | UserEvent::Renamed { .. }
            | UserEvent::PublishPrefixChanged { .. }
            | UserEvent::IdentityProviderChanged { .. }
            | UserEvent::GrantTypesChanged { .. }
            | UserEvent::MfaEnforcementChanged { .. }
            | UserEvent::RoleGranted { .. }
            | UserEvent::RoleRevoked { .. }
            | UserEvent::CertificateAdded { .. }
            | UserEvent::CertificateRemoved { .. }
            | UserEvent::TokensRevoked {}
            | UserEvent::SessionsEnded { .. }
            | UserEvent::SessionsByMethodEnded { .. }
            | UserEvent::Deleted {} => None,
        },
        About::Role(role, event) => match event {
            RoleEvent::PermissionAdded { permission } => Some(vec![(Some(role), permission.id)]),
            RoleEvent::PermissionChanged { id, .. } | RoleEvent::PermissionRemoved { id } => {
                Some(vec![(Some(role), *id)])
            }
            RoleEvent::Renamed { .. } | RoleEvent::SharingChanged { .. } => Some(Vec::new()),
            RoleEvent::Created { .. } | RoleEvent::Deleted {} => None,
        },
        About::Session(..) => None,
        About::Nobody => Some(Vec::new()),
    }
}

/// The grants that are in only one of the two, or differ between them: those of `after`, then those of `before`.
fn difference(before: &HeldGrants, after: &HeldGrants) -> (Vec<Grant>, Vec<Grant>) {
    let only = |one: &HeldGrants, other: &HeldGrants| {
        let differs = |(source, grant): &(&Source, &Grant)| {
            let same = other.get(*source);
            same.is_none_or(|same| !same.permission.same_right(&grant.permission))
        };
        let mut grants: Vec<Grant> = one
            .iter()
            .filter(differs)
            .map(|(_, grant)| grant.clone())
            .collect();
        grants.sort_by_key(Grant::order);
        grants
    };
    (only(after, before), only(before, after))
}
