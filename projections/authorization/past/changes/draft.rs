//! The draft of a page: what each event changed, as far as the page lists it.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::values::{PermissionId, RoleId};

use super::{
    super::{Cause, Grant},
    Course, GrantChange, GrantChanges, HeldRole, Names, Span, Step, Tenure, Unknown,
    entries::{Entry, Several},
    held::Own,
};

/// After this many listed grants the page ends.
const MOST_GRANTS: usize = 5_000;

/// What an event of a role did to one permission.
#[derive(Clone, Debug, PartialEq)]
pub struct Touch {
    /// The role, as it counts for the subject.
    pub held: HeldRole,
    /// The position of the event.
    pub position: i64,
    /// The permission before, if the role gave it.
    pub before: Option<Span>,
    /// The permission after it, if the role gives it.
    pub after: Option<Span>,
}

/// What a role gave at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The role, as it counts for the subject.
    pub held: HeldRole,
    /// How many permissions the role gave.
    pub count: usize,
    /// The first of them in the order in which they were given: all of which the first [`MOST_LISTED`](super::MOST_LISTED) of an
    /// event or of the page may be.
    pub first: Vec<Span>,
}

/// A time within the page during which a role did not count, although it counts at both ends of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// The role.
    pub held: HeldRole,
    /// The position of the event from which on it did not count.
    pub after: i64,
    /// The position of the event from which on it counted again.
    pub until: i64,
}

/// The roles that count at only one end of the page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ends {
    /// Those that count at the start.
    pub lost: Vec<HeldRole>,
    /// Those that count at the end.
    pub gained: Vec<HeldRole>,
}

/// The event that changed something.
#[derive(Debug)]
enum By {
    /// An event of the subject.
    Known(Cause),
    /// An event of a role, by its position.
    At(i64),
}

/// What one event changed.
#[derive(Debug)]
struct Drafted {
    by: By,
    gained: Several,
    lost: Several,
    prefix: Option<[Option<String>; 2]>,
}

/// A page that takes one event after the other, until it is full.
#[derive(Debug)]
pub struct Draft<'a> {
    course: &'a Course,
    limit: usize,
    changes: Vec<Drafted>,
    listed: usize,
    touches: Vec<Touch>,
    next: Option<i64>,
    gained: Several,
    lost: Several,
}

impl By {
    fn position(&self) -> i64 {
        match self {
            Self::Known(cause) => cause.position,
            Self::At(position) => *position,
        }
    }
}

impl<'a> Draft<'a> {
    /// An empty page of a course, for at most `limit` changes.
    pub fn new(course: &'a Course, limit: usize) -> Self {
        Self {
            course,
            limit,
            changes: Vec::new(),
            listed: 0,
            touches: Vec::new(),
            next: None,
            gained: Several::default(),
            lost: Several::default(),
        }
    }

    /// Takes the next event, which is one of the subject, with what the roles give that it changes: right before the event those that no
    /// longer count, and right after it those that count from then on.
    pub fn step(&mut self, step: &Step, lost: Vec<Given>, gained: Vec<Given>) {
        let position = step.position();
        let before = step
            .own
            .iter()
            .map(|[before, now]| (before.as_ref(), now.as_ref()));
        let after = step
            .own
            .iter()
            .map(|[before, now]| (now.as_ref(), before.as_ref()));
        self.take(Drafted {
            by: By::Known(step.cause.clone()),
            gained: several(gained, position, only(after)),
            lost: several(lost, position - 1, only(before)),
            prefix: step.prefix.clone(),
        });
    }

    /// Takes the next event, which is one of a role that counts.
    pub fn touch(&mut self, touch: Touch) {
        let Touch {
            held,
            position,
            before,
            after,
        } = &touch;
        let entry = |span: &Span, named| Entry::OfRole {
            held: held.clone(),
            span: span.clone(),
            named,
        };
        let (lost, gained) = match (before, after) {
            (Some(before), Some(after)) if before.permission.same_right(&after.permission) => (None, None),
            (before, after) => (before.as_ref(), after.as_ref()),
        };
        let one = |span: Option<&Span>, named| {
            let entries: Vec<Entry> = span.into_iter().map(|span| entry(span, named)).collect();
            let count = entries.len();
            Several::of(entries, count)
        };
        let drafted = Drafted {
            by: By::At(*position),
            gained: one(gained, *position),
            lost: one(lost, *position - 1),
            prefix: None,
        };
        self.take(drafted);
        self.touches.push(touch);
    }

    fn take(&mut self, change: Drafted) {
        let is_empty = change.gained.is_empty() && change.lost.is_empty() && change.prefix.is_none();
        if is_empty || self.is_full() {
            return;
        }
        if self.changes.len() >= self.limit || self.listed > MOST_GRANTS {
            self.next = self.changes.last().map(|last| last.by.position());
            return;
        }
        self.listed += change.gained.len() + change.lost.len();
        self.changes.push(change);
    }

    /// Whether there are more changes than the page lists.
    pub fn is_full(&self) -> bool {
        self.next.is_some()
    }

    /// The position at which the page begins, and the one at which it ends as far as it goes now.
    pub fn ends(&self) -> (i64, i64) {
        (self.course.from, self.next.unwrap_or(self.course.to))
    }

    /// The roles that count at only one end of the page.
    pub fn roles_at_ends(&self) -> Ends {
        let (from, to) = self.ends();
        let at = |position: i64| -> BTreeMap<RoleId, &HeldRole> {
            let tenures = self.course.tenures.iter();
            tenures
                .filter(|tenure| tenure.counts_at(position))
                .map(|tenure| (tenure.held.role, &tenure.held))
                .collect()
        };
        let (start, end) = (at(from), at(to));
        let only = |one: &BTreeMap<RoleId, &HeldRole>, other: &BTreeMap<RoleId, &HeldRole>| {
            let roles = one.iter().filter(|(role, _)| !other.contains_key(role));
            roles.map(|(_, held)| (*held).clone()).collect()
        };
        Ends {
            lost: only(&start, &end),
            gained: only(&end, &start),
        }
    }

    /// The times during which the roles did not count that count at both ends of the page. What happened to them meanwhile is in no
    /// change, but in the sum.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for tenures in self.at_both_ends().values() {
            for (one, next) in tenures.iter().zip(tenures.iter().skip(1)) {
                if let Some(after) = one.until.filter(|until| *until < next.after) {
                    gaps.push(Gap {
                        held: next.held.clone(),
                        after,
                        until: next.after,
                    });
                }
            }
        }
        gaps
    }

    /// The roles that count at both ends of the page, each with its times within the page.
    fn at_both_ends(&self) -> BTreeMap<RoleId, Vec<&Tenure>> {
        let (from, to) = self.ends();
        let mut roles: BTreeMap<RoleId, Vec<&Tenure>> = BTreeMap::new();
        for tenure in self.course.tenures.iter().filter(|tenure| tenure.after <= to) {
            roles.entry(tenure.held.role).or_default().push(tenure);
        }
        roles.retain(|_, tenures| {
            tenures.iter().any(|tenure| tenure.counts_at(from))
                && tenures.iter().any(|tenure| tenure.counts_at(to))
        });
        roles
    }

    /// Sums the page up. It takes what the events of the gaps did, what the roles gave at the start of the page that do not count at its
    /// end, and what those give at the end that did not count at the start.
    pub fn sum(&mut self, gaps: Vec<Touch>, lost: Vec<Given>, gained: Vec<Given>) {
        let (from, to) = self.ends();
        let (mut only_before, mut only_after) = (self.own_lost(to), self.own_gained(to));
        let roles = self.at_both_ends();
        for ((role, _), [before, after]) in net(&self.touches, &gaps, to) {
            let (Some(first), Some(last)) = (
                roles.get(&role).and_then(|tenures| tenures.first()),
                roles.get(&role).and_then(|tenures| tenures.last()),
            ) else {
                continue;
            };
            let entry = |tenure: &Tenure, span: &Span, named| Entry::OfRole {
                held: tenure.held.clone(),
                span: span.clone(),
                named,
            };
            if let (Some(before), Some(after)) = (before, after)
                && before.permission.same_right(&after.permission)
            {
                continue;
            }
            only_before.extend(before.map(|before| entry(first, before, from)));
            only_after.extend(after.map(|after| entry(last, after, to)));
        }
        let summed = [several(gained, to, only_after), several(lost, from, only_before)];
        [self.gained, self.lost] = summed;
    }

    fn own_lost(&self, to: i64) -> Vec<Entry> {
        let end = self.own_at(to);
        only(
            self.course
                .own
                .iter()
                .map(|(id, grant)| (Some(grant), end.get(id))),
        )
    }

    fn own_gained(&self, to: i64) -> Vec<Entry> {
        let end = self.own_at(to);
        only(
            end.iter()
                .map(|(id, grant)| (Some(grant), self.course.own.get(id))),
        )
    }

    /// The own permissions after the event at a position.
    fn own_at(&self, position: i64) -> Own {
        let mut own = self.course.own.clone();
        let steps = self.course.steps.iter();
        for [before, now] in steps
            .take_while(|step| step.position() <= position)
            .flat_map(|step| &step.own)
        {
            if let Some(before) = before {
                own.remove(&before.permission.id);
            }
            if let Some(now) = now {
                own.insert(now.permission.id, now.clone());
            }
        }
        own
    }

    /// The positions of the events that the page names, and the roles whose names it has.
    pub fn needs(&self) -> (BTreeSet<i64>, BTreeSet<RoleId>) {
        let (mut events, mut roles) = (BTreeSet::new(), BTreeSet::new());
        for change in &self.changes {
            match &change.by {
                By::Known(_) => {}
                By::At(position) => drop(events.insert(*position)),
            }
            change.gained.needs(&mut events, &mut roles);
            change.lost.needs(&mut events, &mut roles);
        }
        self.gained.needs(&mut events, &mut roles);
        self.lost.needs(&mut events, &mut roles);
        (events, roles)
    }

    /// The page, with the events that it needs, and with the names that its roles had from its start to its end.
    pub fn finish(self, causes: &BTreeMap<i64, Cause>, names: &Names) -> Result<GrantChanges, Unknown> {
        let finish = |change: Drafted| {
            Ok(GrantChange {
                cause: match change.by {
                    By::Known(cause) => cause,
                    By::At(position) => causes.get(&position).cloned().ok_or(Unknown::Event(position))?,
                },
                gained: change.gained.finish(causes, names)?,
                lost: change.lost.finish(causes, names)?,
                prefix: change.prefix,
            })
        };
        Ok(GrantChanges {
            changes: self
                .changes
                .into_iter()
                .map(finish)
                .collect::<Result<_, Unknown>>()?,
            gained: self.gained.finish(causes, names)?,
            lost: self.lost.finish(causes, names)?,
            next: self.next,
        })
    }
}

/// What roles give, and other grants. Listed roles have the names that they had at a position.
fn several(given: Vec<Given>, named: i64, mut others: Vec<Entry>) -> Several {
    let count = others.len() + given.iter().map(|given| given.count).sum::<usize>();
    for Given { held, first, .. } in given {
        others.extend(first.into_iter().map(|span| Entry::OfRole {
            held: held.clone(),
            span,
            named,
        }));
    }
    Several::of(others, count)
}

/// The own grants that are in the first place of a pair, and not the same right in the second.
fn only<'a>(pairs: impl Iterator<Item = (Option<&'a Grant>, Option<&'a Grant>)>) -> Vec<Entry> {
    let same = |one: &Grant, other: &Grant| one.permission.same_right(&other.permission);
    pairs
        .filter_map(|(one, other)| one.filter(|one| !other.is_some_and(|other| same(one, other))))
        .map(|grant| Entry::Own(grant.clone()))
        .collect()
}

/// What the permissions of roles were before the first event, and are after the last one, up to a position.
fn net<'t>(
    touches: &'t [Touch],
    gaps: &'t [Touch],
    to: i64,
) -> BTreeMap<(RoleId, PermissionId), [Option<&'t Span>; 2]> {
    let mut all: Vec<&Touch> = touches.iter().chain(gaps).collect();
    all.retain(|touch| touch.position <= to);
    all.sort_by_key(|touch| touch.position);
    let mut net = BTreeMap::new();
    for touch in all {
        let (before, after) = (touch.before.as_ref(), touch.after.as_ref());
        if let Some(span) = before.or(after) {
            let key = (touch.held.role, span.permission.id);
            let [_, last] = net.entry(key).or_insert([before, None]);
            *last = after;
        }
    }
    net
}
