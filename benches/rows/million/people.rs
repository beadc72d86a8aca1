//! Users as from an import: the real appender writes them, many users in one unit.

use aggregates::{Event, user::UserEvent, values::PasswordHash};
use ledger::{Ledger, NewEvent};

use crate::{
    context::Result,
    rows::memory::{GRANTS, PATTERNS, ROLES, role_of},
    seed,
};

/// How many users have their events in one unit.
const USERS_PER_UNIT: u64 = 250;
/// A service makes one of so many users.
const BY_SERVICES: u64 = 10;

/// Makes the roles, and users with three roles each.
pub(super) async fn fill(ledger: &Ledger, users: u64, hash: &PasswordHash) -> Result<()> {
    seed::make_roles(ledger, ROLES, PATTERNS).await?;
    let hash = hash.clone();
    seed::in_shards(ledger, users.div_ceil(USERS_PER_UNIT), move |block| {
        let first = block * USERS_PER_UNIT;
        let numbers = first..(first + USERS_PER_UNIT).min(users);
        vec![numbers.flat_map(|number| events_of(number, &hash)).collect()]
    })
    .await
}

/// The events of a user: the creation with grants of roles.
fn events_of(number: u64, hash: &PasswordHash) -> Vec<NewEvent> {
    let mut created = seed::user_created(number, Some(hash.clone()));
    if let UserEvent::Created { auto_generated, .. } = &mut created {
        *auto_generated = number.is_multiple_of(BY_SERVICES);
    }
    let granted = (0..GRANTS).map(|at| UserEvent::RoleGranted {
        role_id: seed::role(role_of(number, at)),
        exclusive: false,
    });
    (1..)
        .zip(std::iter::once(created).chain(granted))
        .map(|(sequence, event)| seed::new_event(seed::user(number), sequence, Event::User(event)))
        .collect()
}
