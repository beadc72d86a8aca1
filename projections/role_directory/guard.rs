//! A role must stay shared while several users hold it.

use std::collections::BTreeSet;

use aggregates::{
    Claim, Event,
    role::claims::{ROLE, SHARED_ROLE},
    user::{User, UserEvent},
    values::RoleId,
};
use futures_util::future::BoxFuture;

use super::holder_ids;
use crate::{
    guard::{Guard, Proposal, Verdict, Veto},
    sql::{Error, Read},
};

/// The reason of the rejection.
pub const HELD_BY_SEVERAL: Veto = Veto {
    code: "role_is_held",
    message: "several users hold this role: it must stay shared",
};

/// Rejects a unit that would stop sharing a role while several users hold it.
pub(crate) struct HeldBySeveral;

impl Guard for HeldBySeveral {
    fn concerns(&self, proposal: Proposal<'_>) -> bool {
        unshared(&proposal).next().is_some()
    }

    fn judge<'a>(
        &'a self,
        db: &'a mut dyn Read,
        proposal: Proposal<'a>,
        accepted: &'a [Proposal<'a>],
    ) -> BoxFuture<'a, Result<Verdict, Error>> {
        Box::pin(async move {
            for role in unshared(&proposal) {
                // Nobody can hold a role without such an id.
                let Ok(role) = RoleId::parse(role) else { continue };
                let held = holder_ids(db, role, 2).await?;
                let mut holders: BTreeSet<String> = held.iter().map(ToString::to_string).collect();
                let events = accepted.iter().flat_map(|unit| unit.events);
                let grants = events.filter(|new| grants(&new.event, role));
                holders.extend(grants.map(|new| new.aggregate_id.clone()));
                if holders.len() > 1 {
                    return Ok(Err(HELD_BY_SEVERAL));
                }
            }
            Ok(Ok(()))
        })
    }
}

/// The roles that the unit stops sharing and does not delete.
fn unshared<'a>(proposal: &Proposal<'a>) -> impl Iterator<Item = &'a str> + Send + use<'a> {
    let release = proposal.release;
    let given_up = release.iter().filter(|claim| claim.scope == SHARED_ROLE);
    let stays = |claim: &&Claim| !release.contains(&Claim::new(ROLE, &claim.value));
    given_up.filter(stays).map(|claim| claim.value.as_str())
}

/// Whether the event grants the role to a user.
fn grants(event: &Event, role: RoleId) -> bool {
    event.of::<User>().and_then(UserEvent::granted_role) == Some(role)
}
