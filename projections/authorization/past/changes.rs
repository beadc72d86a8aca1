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
    Authorization, Interest, MODEL, Model, Principal, Subject,
    engine::{about::About, facts::Fact},
    principals::{standing::Standing, users::RoleStep},
};

/// What one event changed for a subject.
#[derive(Clone, Debug, PartialEq)]
pub struct GrantChange {
    /// The event.
    pub cause: Cause,
    /// The grants that count for the subject from this event on.
    pub gained: Grants,
    /// The grants that no longer count.
    pub lost: Grants,
    /// The publish prefix before and after, if it changed.
    pub prefix: Option<[Option<String>; 2]>,
}

/// Grants, at most [`MOST_LISTED`] of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grants {
    /// The first grants.
    pub listed: Vec<Grant>,
    /// How many more there are.
    pub left_out: usize,
}

/// What a subject gained and lost: one page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrantChanges {
    /// The changes, one for each event, in order.
    pub changes: Vec<GrantChange>,
    /// The grants that count at the end of the page but did not count at its start.
    pub gained: Grants,
    /// The grants that counted at the start of the page but do not count at its end.
    pub lost: Grants,
    /// If some changes are not listed: the position of the last listed change, at which the page ends.
    pub next: Option<i64>,
}

/// The most grants that are listed of one change. One event may grant or revoke a role with thousands of permissions.
pub const MOST_LISTED: usize = 100;
/// After this many listed grants the page ends.
const MOST_GRANTS: usize = 5_000;

impl Grants {
    fn cut(mut all: Vec<Grant>) -> Self {
        let left_out = all.len().saturating_sub(MOST_LISTED);
        all.truncate(MOST_LISTED);
        Self {
            listed: all,
            left_out,
        }
    }

    fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }
}

type HeldGrants = BTreeMap<Source, Grant>;

impl GrantChanges {
    /// Takes the events of all streams that matter, in order. Lists the changes by events after `from` up to `to`, at
    /// most `limit` changes; the events after these changes cost nothing. The end of a token or a certificate is not an event: they
    /// count throughout, until they are revoked. It ends early when the interest is lost.
    pub fn of(
        subject: &Subject,
        from: i64,
        to: i64,
        events: &[Recorded],
        limit: usize,
        interest: &Interest,
    ) -> Self {
        Self::within(&MODEL, subject, from..=to, events, limit, interest)
    }

    /// The same, with the kinds of a model.
    pub fn within(
        model: &'static Model,
        subject: &Subject,
        span: RangeInclusive<i64>,
        events: &[Recorded],
        limit: usize,
        interest: &Interest,
    ) -> Self {
        let (from, to) = span.into_inner();
        let mut state = State::within(model, subject);
        let mut found = Self::default();
        let start = events.partition_point(|event| event.position <= from);
        let end = events.partition_point(|event| event.position <= to);
        let (before, during) = events.get(..end.max(start)).unwrap_or_default().split_at(start);
        for event in before.iter().take_while(|_| !interest.is_lost()) {
            state.apply(event);
        }
        let at_start = state.held();
        let mut held = at_start.clone();
        let mut prefix = state.prefix();
        let mut listed = 0;
        for event in during.iter().take_while(|_| !interest.is_lost()) {
            if found.changes.len() == limit || listed > MOST_GRANTS {
                found.next = found.changes.last().map(|last| last.cause.position);
                break;
            }
            let (gained, lost) = state.take(event, &mut held);
            let (gained, lost) = (Grants::cut(gained), Grants::cut(lost));
            let new_prefix = state.prefix();
            let prefixes = (prefix != new_prefix).then(|| [prefix.take(), new_prefix.clone()]);
            listed += gained.listed.len() + lost.listed.len();
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
        let (gained, lost) = difference(&at_start, &held);
        (found.gained, found.lost) = (Grants::cut(gained), Grants::cut(lost));
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
        if self.concerns_principals(event) {
            self.engine.apply(std::slice::from_ref(event));
        }
        self.holdings.apply(event);
    }

    /// Whether an event can change whose grants count for a subject. The engine need not know other events: it would compile all
    /// permissions of a role again for each permission that the role gets.
    fn concerns_principals(&self, event: &Recorded) -> bool {
        let is_of_role = match About::from(event) {
            About::Role(_, event) => match event {
                RoleEvent::Created { .. } | RoleEvent::Deleted {} => false,
                RoleEvent::Renamed { .. }
                | RoleEvent::SharingChanged { .. }
                | RoleEvent::PermissionAdded { .. }
                | RoleEvent::PermissionChanged { .. }
                | RoleEvent::PermissionRemoved { .. } => true,
            },
            About::User(..) | About::Session(..) | About::Nobody => false,
        };
        !is_of_role || !(self.model.facts)(&event.aggregate_id, &event.event).is_empty()
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
            | UserEvent::PasswordChangeDemanded { .. }
            | UserEvent::TotpOffered { .. }
            | UserEvent::TotpEnrolled { .. }
            | UserEvent::SecondFactorUsed { .. }
            | UserEvent::SecondFactorRefused { .. }
            | UserEvent::BackupCodesReplaced { .. }
            | UserEvent::SecondFactorDisabled { .. }
            | UserEvent::RoleGranted { .. }
            | UserEvent::RoleRevoked { .. }
            | UserEvent::CertificateAdded { .. }
            | UserEvent::CertificateRemoved { .. }
            | UserEvent::TokensRevoked {}
            | UserEvent::SessionsEnded { .. }
            | UserEvent::SessionsByMethodEnded { .. }
            | UserEvent::Revoked {}
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
