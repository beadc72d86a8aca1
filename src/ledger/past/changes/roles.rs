//! Reads what roles gave, as far as a page of changes lists it.

use std::collections::BTreeMap;

use aggregates::{Recorded, values::RoleId};
use authorization::{
    Interest,
    past::{
        Cause, Course, Draft, Ends, Gap, Given, GrantChanges, HeldRole, MOST_LISTED, Names, Span, Step,
        Tenure, Touch, Unknown, role_name,
    },
};
use projections::permission_spans::{ROLES_AT_ONCE, Time, Touched, counts, first_given, names, touched};

use crate::{Ledger, LedgerError};

/// Of how many events of the subject it is asked at once what roles gave.
const STEPS_AT_ONCE: usize = 16;

/// What the roles of a subject gave.
pub(super) struct Roles<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) course: &'a Course,
    pub(super) interest: &'a Interest,
}

/// Roles, and a position.
type Side<'a> = (&'a [HeldRole], i64);

impl<'a> Roles<'a> {
    /// A page of at most `limit` changes, from about `most` events of the roles; and the position up to which it knows them all.
    pub(super) async fn draft(&self, most: usize, limit: usize) -> Result<(Draft<'a>, i64), LedgerError> {
        let (touches, until) = self.touches(most).await?;
        let mut touches = touches.into_iter().peekable();
        let mut draft = Draft::new(self.course, limit);
        let steps = self.course.steps.partition_point(|step| step.position() <= until);
        let steps = self.course.steps.get(..steps).unwrap_or_default();
        for some in steps.chunks(STEPS_AT_ONCE.min(most)) {
            if draft.is_full() || self.interest.is_lost() {
                break;
            }
            let sides: Vec<Side<'_>> = some.iter().flat_map(sides).collect();
            let mut given = self.given(&sides).await?.into_iter();
            for step in some {
                while let Some(touch) = touches.next_if(|touch| touch.position < step.position()) {
                    draft.touch(touch);
                }
                let (lost, gained) = (given.next(), given.next());
                draft.step(step, lost.unwrap_or_default(), gained.unwrap_or_default());
            }
        }
        touches.for_each(|touch| draft.touch(touch));
        Ok((draft, until))
    }

    /// The page of a draft that takes no more.
    pub(super) async fn finish(&self, mut draft: Draft<'_>) -> Result<GrantChanges, LedgerError> {
        let (from, to) = draft.ends();
        let Ends { lost, gained } = draft.roles_at_ends();
        let given = self.given(&[(&lost, from), (&gained, to)]).await?;
        let [lost, gained] = <[_; 2]>::try_from(given).unwrap_or_default();
        let gaps = self.in_gaps(&draft.gaps()).await?;
        draft.sum(gaps, lost, gained);
        let (mut positions, roles) = draft.needs();
        let roles: Vec<RoleId> = roles.into_iter().collect();
        let named = names(self.ledger.db(), &roles, (from, to)).await?;
        positions.extend(named.values().flatten());
        let positions: Vec<i64> = positions.into_iter().collect();
        let events: BTreeMap<i64, Recorded> = self
            .ledger
            .events_at(&positions)
            .await?
            .into_iter()
            .map(|event| (event.position, event))
            .collect();
        let causes = events
            .iter()
            .map(|(position, event)| (*position, Cause::from(event)))
            .collect();
        draft
            .finish(&causes, &named_by(named, &events))
            .map_err(unreadable)
    }

    /// What the first events of the roles did while they counted, about `most`; and the position up to which these are all.
    async fn touches(&self, most: usize) -> Result<(Vec<Touch>, i64), LedgerError> {
        let (_, mut until) = self.course.ends();
        let mut touches: Vec<Touch> = Vec::new();
        let mut rest = self.course.tenures.as_slice();
        let mut at_once = 1;
        while !rest.is_empty() && !self.interest.is_lost() {
            let (some, later) = rest.split_at(at_once.min(rest.len()));
            let times: Vec<Time> = some.iter().map(|tenure| time_of(tenure, until)).collect();
            let found = touched(self.ledger.db(), &times, most).await?;
            for (tenure, touched) in some.iter().zip(found) {
                let (found, known) = merged(&tenure.held, touched, most);
                until = until.min(known);
                touches.extend(found);
            }
            touches.sort_by_key(|touch| touch.position);
            // What comes after as many as are wanted is not read for the other roles.
            touches.truncate(most);
            if let Some(last) = touches.last().filter(|_| touches.len() == most) {
                until = until.min(last.position);
            }
            rest = later;
            at_once = (at_once * 2).min(ROLES_AT_ONCE);
        }
        touches.retain(|touch| touch.position <= until);
        Ok((touches, until))
    }

    /// What the events of roles did while they did not count.
    async fn in_gaps(&self, gaps: &[Gap]) -> Result<Vec<Touch>, LedgerError> {
        let time = |gap: &Gap| Time {
            role: gap.held.role,
            after: gap.after,
            until: gap.until - 1,
        };
        let times: Vec<Time> = gaps.iter().map(time).collect();
        let found = touched(self.ledger.db(), &times, usize::MAX).await?;
        let touches = gaps.iter().zip(found);
        Ok(touches
            .flat_map(|(gap, touched)| merged(&gap.held, touched, usize::MAX).0)
            .collect())
    }

    /// What roles gave right after positions.
    async fn given(&self, sides: &[Side<'_>]) -> Result<Vec<Vec<Given>>, LedgerError> {
        let db = self.ledger.db();
        let alone = |(roles, at): &Side<'_>| match roles {
            [held] => Some((held.role, *at)),
            _ => None,
        };
        let moments: Vec<(RoleId, i64)> = sides.iter().filter_map(alone).collect();
        let counts = counts(db, &moments).await?;
        let first = first_given(db, &moments, MOST_LISTED).await?;
        let mut of_one = counts.into_iter().zip(first);
        let mut given = Vec::with_capacity(sides.len());
        for (roles, at) in sides {
            given.push(match roles {
                [] => Vec::new(),
                [held] => of_one
                    .next()
                    .into_iter()
                    .map(|(count, first)| given_by(held, count, first))
                    .collect(),
                several => self.given_by_several(several, *at).await?,
            });
        }
        Ok(given)
    }

    /// What roles gave right after a position. The first permissions of a role are read only if they may be among the first of all.
    async fn given_by_several(&self, roles: &[HeldRole], at: i64) -> Result<Vec<Given>, LedgerError> {
        let db = self.ledger.db();
        let granted = |held: &HeldRole| held.granted.as_ref().map_or(0, |granted| granted.position);
        let mut roles: Vec<&HeldRole> = roles.iter().collect();
        roles.sort_by_key(|held| granted(held));
        let moments: Vec<(RoleId, i64)> = roles.iter().map(|held| (held.role, at)).collect();
        let counts = counts(db, &moments).await?;
        let mut given: Vec<Given> = roles
            .iter()
            .zip(counts)
            .map(|(held, count)| given_by(held, count, Vec::new()))
            .collect();
        given.retain(|given| given.count > 0);
        // Since when the first of all count, as far as they are known.
        let mut since: Vec<i64> = Vec::new();
        for some in given.chunks_mut(ROLES_AT_ONCE) {
            let last = since.get(MOST_LISTED - 1);
            let next = some.first().map(|next| granted(&next.held));
            if last.is_some_and(|last| next.is_some_and(|next| *last < next)) {
                break;
            }
            let moments: Vec<(RoleId, i64)> = some.iter().map(|given| (given.held.role, at)).collect();
            let first = first_given(db, &moments, MOST_LISTED).await?;
            for (given, first) in some.iter_mut().zip(first) {
                since.extend(first.iter().map(|span| given.held.since(span)));
                given.first = first;
            }
            since.sort_unstable();
        }
        Ok(given)
    }
}

fn sides(step: &Step) -> [Side<'_>; 2] {
    [(&step.lost, step.position() - 1), (&step.gained, step.position())]
}

fn given_by(held: &HeldRole, count: i64, first: Vec<Span>) -> Given {
    Given {
        held: held.clone(),
        count: usize::try_from(count).unwrap_or_default(),
        first,
    }
}

/// The events of a role while it counts, up to a position.
fn time_of(tenure: &Tenure, until: i64) -> Time {
    Time {
        role: tenure.held.role,
        after: tenure.after,
        until: tenure.until.map_or(until, |end| until.min(end - 1)),
    }
}

/// What each event did to a permission, of which at most `most` began and `most` ended; and the position up to which these are all.
fn merged(held: &HeldRole, touched: Touched, most: usize) -> (Vec<Touch>, i64) {
    let Touched { begun, ended } = touched;
    let full = |len: usize, last: Option<i64>| last.filter(|_| len >= most);
    let last_begun = full(begun.len(), begun.last().map(|span| span.since));
    let last_ended = full(ended.len(), ended.last().map(|(position, _)| *position));
    let known = last_begun.into_iter().chain(last_ended).min().unwrap_or(i64::MAX);
    let mut touches: BTreeMap<i64, Touch> = BTreeMap::new();
    let mut touch = |position: i64, before: Option<Span>, after: Option<Span>| {
        let touch = touches.entry(position).or_insert_with(|| Touch {
            held: held.clone(),
            position,
            before: None,
            after: None,
        });
        touch.before = touch.before.take().or(before);
        touch.after = touch.after.take().or(after);
    };
    for span in begun {
        touch(span.since, None, Some(span));
    }
    for (position, span) in ended {
        touch(position, Some(span), None);
    }
    let all = touches.into_values();
    (all.filter(|touch| touch.position <= known).collect(), known)
}

/// The names that these events gave to roles.
fn named_by(positions: BTreeMap<RoleId, Vec<i64>>, events: &BTreeMap<i64, Recorded>) -> Names {
    let named = |position: &i64| Some((*position, role_name(events.get(position)?)?.clone()));
    let roles = positions.into_iter();
    roles
        .map(|(role, positions)| (role, positions.iter().filter_map(named).collect()))
        .collect()
}

fn unreadable(unknown: Unknown) -> LedgerError {
    let (Unknown::Event(position) | Unknown::Name(position)) = unknown;
    LedgerError::Unreadable {
        position,
        reason: format!("{unknown}: the read models do not fit the events; run `muniment rebuild`"),
    }
}
