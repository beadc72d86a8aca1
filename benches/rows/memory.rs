//! Fills the authorization engine in this process, or in another process to measure its memory alone.

use std::time::Instant;

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    user::UserEvent,
    values::{Operation, RoleId, Timestamp},
};
use authorization::Authorization;
use tokio::process::Command;

use crate::{
    context::{Bench, Result},
    outside::output,
    random::Random,
    seed, server,
};

/// How many roles there are.
pub(crate) const ROLES: u64 = 1_000;
/// How many patterns each role has.
pub(crate) const PATTERNS: u64 = 20;
/// How many roles each user has.
pub(crate) const GRANTS: u64 = 3;
/// Users whose events are applied at once.
const CHUNK: u64 = 1_000;

/// The number of a user's `at`-th role.
pub(crate) fn role_of(user: u64, at: u64) -> u64 {
    // The three roles of a user differ.
    (Random::new(user).below(ROLES) + at * 331) % ROLES
}

/// The patterns of a role.
pub(crate) fn permissions(role: u64) -> Result<Vec<(String, Operation)>> {
    let events = seed::role_with_permissions(role, PATTERNS)?;
    let permissions = events.into_iter().filter_map(|event| match event {
        RoleEvent::PermissionAdded { permission } => {
            Some((permission.resource.to_string(), permission.operation))
        }
        _ => None,
    });
    Ok(permissions.collect())
}

/// Gives the engine all roles.
pub(crate) fn apply_roles(engine: &Authorization) -> Result<()> {
    let mut events = Vec::new();
    for number in 0..ROLES {
        let of_role = seed::role_with_permissions(number, PATTERNS)?;
        events.extend(
            of_role
                .into_iter()
                .map(|event| (seed::role(number).to_string(), Event::Role(event))),
        );
    }
    engine.apply(&recorded(engine, events));
    Ok(())
}

/// Gives the engine users with their roles. Returns the seconds that the engine worked.
pub(crate) fn apply_users(engine: &Authorization, users: u64) -> Result<f64> {
    let mut seconds = 0.0;
    for first in (0..users).step_by(CHUNK as usize) {
        let mut events = Vec::new();
        for number in first..(first + CHUNK).min(users) {
            let id = seed::user(number).to_string();
            events.push((id.clone(), Event::User(seed::user_created(number, None))));
            for at in 0..GRANTS {
                let granted = UserEvent::RoleGranted {
                    role_id: role_id(number, at),
                    exclusive: false,
                };
                events.push((id.clone(), Event::User(granted)));
            }
        }
        let events = recorded(engine, events);
        let begun = Instant::now();
        engine.apply(&events);
        seconds += begun.elapsed().as_secs_f64();
    }
    Ok(seconds)
}

fn role_id(user: u64, at: u64) -> RoleId {
    seed::role(role_of(user, at))
}

/// The events, as recorded at the engine's next positions.
pub(super) fn recorded(engine: &Authorization, events: Vec<(String, Event)>) -> Vec<Recorded> {
    let positions = engine.position() + 1..;
    let events = positions
        .zip(events)
        .map(|(position, (aggregate_id, event))| Recorded {
            position,
            aggregate_id,
            sequence: position,
            recorded_at: Timestamp::from_micros(position),
            actor: "bench".to_owned(),
            event,
        });
    events.collect()
}

/// Fills an engine in this process. Returns the bytes and the seconds.
pub(crate) fn fill(users: u64) -> Result<(u64, f64)> {
    let engine = Authorization::new();
    apply_roles(&engine)?;
    let before = server::memory("self")?;
    let seconds = apply_users(&engine, users)?;
    let after = server::memory("self")?;
    if engine.user_count() as u64 != users {
        return Err("the engine does not have all users".into());
    }
    Ok((after.saturating_sub(before), seconds))
}

/// The same in a process of its own.
pub(crate) async fn measured(bench: &Bench, users: u64) -> Result<(f64, f64)> {
    let mut itself = Command::new(&bench.itself);
    itself.arg("engine-memory").arg(users.to_string());
    let text = output(itself).await?;
    let (bytes, seconds) = text.trim().split_once(' ').ok_or("the helper said nothing")?;
    Ok((bytes.parse()?, seconds.parse()?))
}
