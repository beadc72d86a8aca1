//! A role that several users hold stays shared.

use aggregates::{
    Claim, Event,
    role::claims::{ROLE, SHARED_ROLE},
};
use futures_util::future::BoxFuture;

use super::holder_ids;
use crate::{
    guard::{Guard, Proposal, Verdict, Veto},
    sql::{Error, Tx},
};

/// The rejection.
pub const HELD_BY_SEVERAL: Veto = Veto {
    code: "role_is_held",
    message: "several users hold this role: it must stay shared",
};

/// Rejects a unit that makes a role one that is not shared while several users hold it.
pub(crate) struct HeldBySeveral;

impl Guard for HeldBySeveral {
    fn judge<'a>(
        &'a self,
        tx: &'a mut Tx<'_>,
        proposal: Proposal<'a>,
        accepted: &'a [Proposal<'a>],
    ) -> Option<BoxFuture<'a, Result<Verdict, Error>>> {
        let role = unshared(&proposal)?;
        Some(Box::pin(async move {
            let mut holders = holder_ids(tx, role, 2).await?;
            let events = accepted.iter().flat_map(|unit| unit.events);
            let grants = events.filter(|new| grants(&new.event, role));
            holders.extend(grants.map(|new| new.aggregate_id.clone()));
            Ok(if holders.len() > 1 {
                Err(HELD_BY_SEVERAL)
            } else {
                Ok(())
            })
        }))
    }
}

/// The role that stops being shared and is not deleted.
fn unshared<'a>(proposal: &Proposal<'a>) -> Option<&'a str> {
    let stays = |claim: &&Claim| !proposal.release.contains(&Claim::new(ROLE, &claim.value));
    let given_up = proposal.release.iter().filter(|claim| claim.scope == SHARED_ROLE);
    given_up.filter(stays).map(|claim| claim.value.as_str()).next()
}

/// Whether the event gives the role to a user.
fn grants(event: &Event, role: &str) -> bool {
    match event {
        Event::User(event) => event.granted_role().is_some_and(|id| id.to_string() == role),
        Event::Role(_) | Event::Session(_) => false,
    }
}
