//! The times of permissions in the model.

use std::collections::BTreeMap;

use aggregates::{
    Event, Recorded,
    role::{Role, RoleEvent},
    values::{Context, Operation, Permission, PermissionId, RoleId, RoleName},
};
use authorization::past::Span;
use projections::permission_spans::{self, Life, Time, Touched};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};
use uuid::Uuid;

use super::{Model, Part};
use crate::world::{World, permission, topic};

pub(super) const PART: Part = Part {
    next: |model, n, index, what| Some(vec![next(model, n, index, what)?]),
    take,
    agree: |world, model| Box::pin(agree(world, model)),
};

/// All that roles gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans {
    lives: Vec<Life>,
    /// The positions at which roles got their names, and those at which they lost them.
    names: Vec<(RoleId, i64, i64)>,
    given: Vec<(RoleId, Span, i64)>,
    position: i64,
}

const LIVE: i64 = i64::MAX;

fn next(model: &Model, n: u32, index: &Index, what: u8) -> Option<(Uuid, Event)> {
    let spans = &model.spans;
    // What a group gives follows from its levels and applications, so the part of groups makes its events.
    let live = spans
        .lives
        .iter()
        .filter(|life| life.deleted.is_none() && life.role.group().is_none());
    let live: Vec<&Life> = live.collect();
    let given: Vec<_> = spans.given.iter().filter(|(.., until)| *until == LIVE).collect();
    let of = |role: RoleId, event: RoleEvent| Some((role.0, Event::Role(event)));
    let given = given.get(index.index(given.len().max(1)));
    let is_live = |role: RoleId| live.iter().any(|life| life.role == role);
    let given = given.filter(|(role, ..)| is_live(*role));
    match what % 5 {
        0 => of(
            live.get(index.index(live.len().max(1)))?.role,
            RoleEvent::Renamed {
                name: RoleName::parse(&format!("name {n}")).ok()?,
            },
        ),
        1 => given.and_then(|(role, span, _)| {
            let id = span.permission.id;
            of(*role, RoleEvent::PermissionRemoved { id })
        }),
        2 => given.and_then(|(role, span, _)| {
            of(
                *role,
                RoleEvent::PermissionChanged {
                    id: span.permission.id,
                    resource: topic(&format!("changed/{}", n % 3)),
                    operation: Operation::Write,
                },
            )
        }),
        _ => {
            let permission = permission(n, &format!("added/{}", n % 3), Operation::Read, Context::Mqtt);
            of(
                live.get(index.index(live.len().max(1)))?.role,
                RoleEvent::PermissionAdded { permission },
            )
        }
    }
}

fn take(model: &mut Model, recorded: &Recorded) {
    let (spans, at) = (&mut model.spans, recorded.position);
    spans.position = at;
    let Some(event) = recorded.event.of::<Role>() else {
        return;
    };
    let role = RoleId::parse(&recorded.aggregate_id).expect("an id");
    if let RoleEvent::Created { .. } = event {
        spans.lives.push(Life {
            role,
            created: at,
            deleted: None,
        });
        spans.names.push((role, at, LIVE));
    }
    let life = spans.lives.iter_mut().find(|life| life.role == role);
    let Some(life) = life.filter(|life| life.deleted.is_none()) else {
        return;
    };
    match event {
        RoleEvent::Renamed { .. } => {
            spans.end_name(role, at);
            spans.names.push((role, at, LIVE));
        }
        RoleEvent::Deleted {} => {
            life.deleted = Some(at);
            spans.end_name(role, at);
        }
        RoleEvent::PermissionAdded { permission } => spans.begin(role, permission.clone(), at),
        RoleEvent::PermissionChanged {
            id,
            resource,
            operation,
        } => {
            if let Some(before) = spans.end(role, *id, at) {
                let changed = Permission {
                    resource: resource.clone(),
                    operation: *operation,
                    ..before
                };
                spans.begin(role, changed, at);
            }
        }
        RoleEvent::PermissionRemoved { id } => drop(spans.end(role, *id, at)),
        RoleEvent::Created { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => {}
    }
}

impl Spans {
    fn end_name(&mut self, role: RoleId, at: i64) {
        for (of, _, until) in &mut self.names {
            if *of == role && *until == LIVE {
                *until = at;
            }
        }
    }

    fn begin(&mut self, role: RoleId, permission: Permission, since: i64) {
        self.given.push((role, Span { permission, since }, LIVE));
    }

    fn end(&mut self, role: RoleId, id: PermissionId, at: i64) -> Option<Permission> {
        let mut given = self.given.iter_mut();
        let (_, span, until) =
            given.find(|(of, span, until)| *of == role && span.permission.id == id && *until == LIVE)?;
        *until = at;
        Some(span.permission.clone())
    }

    fn given_at(&self, role: RoleId, at: i64) -> Vec<Span> {
        let given = self.given.iter();
        given
            .filter(|(of, span, until)| *of == role && span.since <= at && at < *until)
            .map(|(_, span, _)| span.clone())
            .collect()
    }

    fn touched(&self, time: Time, limit: usize) -> Touched {
        let given: Vec<_> = self.given.iter().filter(|(of, ..)| *of == time.role).collect();
        let within = |position: i64| time.after < position && position <= time.until;
        let begun = given.iter().filter(|(_, span, _)| within(span.since));
        let mut ended: Vec<(i64, Span)> = given
            .iter()
            .filter(|(.., until)| within(*until))
            .map(|(_, span, until)| (*until, span.clone()))
            .collect();
        ended.sort_by_key(|(until, _)| *until);
        ended.truncate(limit);
        Touched {
            begun: begun.map(|(_, span, _)| span.clone()).take(limit).collect(),
            ended,
        }
    }
}

async fn agree(world: &World, model: &Model) -> Result<(), TestCaseError> {
    let (db, spans) = (&world.db, &model.spans);
    let roles: Vec<RoleId> = spans.lives.iter().map(|life| life.role).collect();
    let mut lives = permission_spans::lives(db, &roles).await.expect("lives");
    lives.sort_by_key(|life| life.created);
    prop_assert_eq!(&lives, &spans.lives);
    let some: Vec<i64> = (0..=5).map(|part| spans.position * part / 5).collect();
    let moments: Vec<(RoleId, i64)> = roles
        .iter()
        .flat_map(|role| some.iter().map(|at| (*role, *at)))
        .collect();
    let given: Vec<Vec<Span>> = moments
        .iter()
        .map(|(role, at)| spans.given_at(*role, *at))
        .collect();
    let counts = permission_spans::counts(db, &moments).await.expect("counts");
    let counted: Vec<i64> = given.iter().map(|given| given.len() as i64).collect();
    prop_assert_eq!(counts, counted);
    for limit in [1, 3, 1_000] {
        let first = permission_spans::first_given(db, &moments, limit)
            .await
            .expect("permissions");
        let expected: Vec<Vec<Span>> = given
            .iter()
            .map(|given| given.iter().take(limit).cloned().collect())
            .collect();
        prop_assert_eq!(first, expected);
        let times: Vec<Time> = moments
            .iter()
            .map(|(role, at)| Time {
                role: *role,
                after: *at,
                until: at + spans.position / 3,
            })
            .collect();
        let touched = permission_spans::touched(db, &times, limit).await.expect("times");
        let expected: Vec<Touched> = times.iter().map(|time| spans.touched(*time, limit)).collect();
        prop_assert_eq!(touched, expected);
    }
    for (from, to) in some.iter().zip(some.iter().skip(1)) {
        let names = permission_spans::names(db, &roles, (*from, *to))
            .await
            .expect("names");
        let mut expected: BTreeMap<RoleId, Vec<i64>> = BTreeMap::new();
        for (role, since, until) in &spans.names {
            if *until > *from && *since <= *to {
                expected.entry(*role).or_default().push(*since);
            }
        }
        prop_assert_eq!(names, expected);
    }
    Ok(())
}
