//! A user ends with what belongs to them: no account stays in use, and no seat of a licence stays taken.
//!
//! Whoever deletes or revokes a user reads first what belongs to them. What others make meanwhile would belong to nobody.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    NewEvent,
    user::Ending,
    values::{DeviceId, LicenceId, UserId},
};
use futures_util::future::BoxFuture;

use super::{
    guard::CHANGED,
    step::{Step, with},
};
use crate::{
    accounts::record::AccountRecord,
    guard::{Guard, Proposal, Verdict},
    licences::record::SeatRecord,
    sql::{Error, Read},
    store::load,
};

/// Rejects a unit that would delete or revoke a user, and leave an account in use or a seat.
pub(crate) struct UsersEndWhole;

impl Guard for UsersEndWhole {
    fn concerns(&self, proposal: Proposal<'_>) -> bool {
        proposal.events.iter().any(|new| ended(new).is_some())
    }

    fn judge<'a>(
        &'a self,
        db: &'a mut dyn Read,
        proposal: Proposal<'a>,
        accepted: &'a [Proposal<'a>],
    ) -> BoxFuture<'a, Result<Verdict, Error>> {
        Box::pin(async move {
            let ended: BTreeMap<UserId, Ending> = proposal.events.iter().filter_map(ended).collect();
            let accounts: Vec<AccountRecord> = load(db, AccountRecord::OF_USER, ended.keys()).await?;
            let devices = ended.keys().map(|user| DeviceId(user.0));
            let seats: Vec<SeatRecord> = load(db, SeatRecord::OF_DEVICE, devices).await?;
            let closed = with(proposal.events, &[Step::AccountClosed]);
            let deactivated = with(proposal.events, &[Step::AccountDeactivated]);
            let stays = |account: &AccountRecord| {
                let id = account.number.to_string();
                match ended.get(&account.user_id) {
                    Some(Ending::Deleted) => !closed.contains(&*id),
                    Some(Ending::Revoked) => account.is_active && !deactivated.contains(&*id),
                    None => false,
                }
            };
            let released: BTreeSet<(LicenceId, DeviceId)> =
                proposal.events.iter().filter_map(released).collect();
            let stays_taken = |seat: &SeatRecord| !released.contains(&(seat.licence, seat.device));
            // Units of the same batch that are not written yet. Whoever ends a user looks again, when they are.
            let mut before = accepted.iter().flat_map(|unit| unit.events);
            let comes = |new: &NewEvent| match Step::of(&new.event) {
                Step::AccountOpened(user) => ended.contains_key(&user),
                Step::AccountActivated => accounts
                    .iter()
                    .any(|account| account.number.to_string() == new.aggregate_id),
                Step::SeatAssigned(device) => ended.contains_key(&UserId(device.0)),
                _ => false,
            };
            let is_whole =
                !accounts.iter().any(stays) && !seats.iter().any(stays_taken) && !before.any(comes);
            Ok(if is_whole { Ok(()) } else { Err(CHANGED) })
        })
    }
}

/// The user whom an event deletes or revokes.
fn ended(new: &NewEvent) -> Option<(UserId, Ending)> {
    match Step::of(&new.event) {
        Step::UserEnded(ending) => Some((UserId::parse(&new.aggregate_id).ok()?, ending)),
        _ => None,
    }
}

fn released(new: &NewEvent) -> Option<(LicenceId, DeviceId)> {
    match Step::of(&new.event) {
        Step::SeatReleased(licence, device) => Some((licence, device)),
        _ => None,
    }
}
