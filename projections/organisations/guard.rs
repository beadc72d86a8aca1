//! Nothing stays of a deleted organisation, or of a dissolved group, and no application stays in a group of another organisation.
//!
//! Whoever deletes or moves one reads first what is in it. What others make in it meanwhile would belong to nothing.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    NewEvent,
    values::{AccountId, ApiKeyId, ApplicationId, GroupId, OrganisationId},
};
use futures_util::future::BoxFuture;

use super::step::{Step, with};
use crate::{
    groups::record::{GroupApplicationRecord, GroupRecord},
    guard::{Guard, Proposal, Verdict, Veto},
    sql::{Error, Read},
    store::{
        Column, load,
        sql::{Argument, sql},
    },
};

/// The reason of the rejection. Whoever deletes looks again then.
pub const CHANGED: Veto = Veto {
    code: "something_was_added",
    message: "something was added meanwhile: try again",
};

/// Rejects a unit that would delete an organisation or a group, and leave something that is in it; and one that would move or delete an
/// application, and leave it attached to a group where it was.
pub(crate) struct NothingStays;

impl Guard for NothingStays {
    fn concerns(&self, proposal: Proposal<'_>) -> bool {
        let mut events = proposal.events.iter();
        events.any(|new| {
            deleted_organisation(new).is_some() || dissolved_group(new).is_some() || gone(new).is_some()
        })
    }

    fn judge<'a>(
        &'a self,
        db: &'a mut dyn Read,
        proposal: Proposal<'a>,
        accepted: &'a [Proposal<'a>],
    ) -> BoxFuture<'a, Result<Verdict, Error>> {
        Box::pin(async move {
            // Units of the same batch that are not written yet. Whoever deletes looks again, when they are.
            let before = accepted.iter().flat_map(|unit| unit.events);
            let before: Vec<Step> = before.map(|new| Step::of(&new.event)).collect();
            for new in proposal.events {
                if let Some(id) = deleted_organisation(new)
                    && (before.iter().any(|step| step.comes_into() == Some(id))
                        || stays_of_organisation(db, id, proposal.events).await?)
                {
                    return Ok(Err(CHANGED));
                }
                if let Some(id) = dissolved_group(new)
                    && (before.contains(&Step::Joined(id)) || stays_of_group(db, id, proposal.events).await?)
                {
                    return Ok(Err(CHANGED));
                }
            }
            let gone: BTreeMap<ApplicationId, Option<OrganisationId>> =
                proposal.events.iter().filter_map(gone).collect();
            let comes = |step: &Step| matches!(step, Step::Attached(id) if gone.contains_key(id));
            if !gone.is_empty()
                && (before.iter().any(comes) || stays_attached(db, &gone, proposal.events).await?)
            {
                return Ok(Err(CHANGED));
            }
            Ok(Ok(()))
        })
    }
}

fn deleted_organisation(new: &NewEvent) -> Option<OrganisationId> {
    let id = OrganisationId::parse(&new.aggregate_id).ok();
    id.filter(|_| Step::of(&new.event) == Step::OrganisationDeleted)
}

fn dissolved_group(new: &NewEvent) -> Option<GroupId> {
    let id = GroupId::parse(&new.aggregate_id).ok();
    id.filter(|_| Step::of(&new.event) == Step::GroupDissolved)
}

/// The application that an event moves or deletes, and the organisation to which it moves.
fn gone(new: &NewEvent) -> Option<(ApplicationId, Option<OrganisationId>)> {
    let to = match Step::of(&new.event) {
        Step::ApplicationMoved(organisation) => Some(organisation),
        Step::ApplicationDeleted => None,
        _ => return None,
    };
    Some((ApplicationId::parse(&new.aggregate_id).ok()?, to))
}

/// Whether one of these applications stays attached to a group of another organisation after these events.
async fn stays_attached(
    db: &mut dyn Read,
    gone: &BTreeMap<ApplicationId, Option<OrganisationId>>,
    events: &[NewEvent],
) -> Result<bool, Error> {
    let dissolved = with(events, &[Step::GroupDissolved]);
    let detached: BTreeSet<(&str, ApplicationId)> = events.iter().filter_map(detached).collect();
    let mut attached: Vec<GroupApplicationRecord> =
        load(db, GroupApplicationRecord::OF_APPLICATION, gone.keys()).await?;
    attached.retain(|row| {
        let group = row.group_number.to_string();
        !dissolved.contains(&*group) && !detached.contains(&(&*group, row.application))
    });
    let groups = attached.iter().map(|row| row.group_number);
    let groups: Vec<GroupRecord> = load(db, GroupRecord::WITH_NUMBER, groups).await?;
    Ok(attached.iter().any(|row| {
        let of = groups.iter().find(|group| group.number == row.group_number);
        let (of, to) = (
            of.and_then(|group| group.organisation),
            gone.get(&row.application),
        );
        of.is_none() || to.is_none_or(|to| *to != of)
    }))
}

/// The group of an event, and the application that it detaches.
fn detached(new: &NewEvent) -> Option<(&str, ApplicationId)> {
    match Step::of(&new.event) {
        Step::Detached(application) => Some((&new.aggregate_id, application)),
        _ => None,
    }
}

/// Whether a group, an application or a request of the organisation outlives these events.
async fn stays_of_organisation(
    db: &mut dyn Read,
    id: OrganisationId,
    events: &[NewEvent],
) -> Result<bool, Error> {
    let groups: Vec<GroupId> = of(db, "SELECT number FROM groups WHERE organisation = $1", id.into()).await?;
    let applications: Vec<ApplicationId> = of(
        db,
        "SELECT number FROM applications WHERE organisation = $1",
        id.into(),
    )
    .await?;
    let waiting: Vec<AccountId> = of(
        db,
        "SELECT account FROM account_requests WHERE organisation = $1",
        id.into(),
    )
    .await?;
    let ended = with(events, &[Step::GroupDissolved, Step::ApplicationDeleted]);
    let not_awaited = with(events, &[Step::NotAwaiting(id)]);
    Ok(stays(&groups, &ended) || stays(&applications, &ended) || stays(&waiting, &not_awaited))
}

/// Whether a member or an API key of the group outlives these events.
async fn stays_of_group(db: &mut dyn Read, id: GroupId, events: &[NewEvent]) -> Result<bool, Error> {
    let members: Vec<AccountId> = of(
        db,
        "SELECT account FROM account_groups WHERE group_number = $1",
        id.into(),
    )
    .await?;
    let keys: Vec<ApiKeyId> = of(
        db,
        "SELECT api_key FROM api_key_groups WHERE group_number = $1",
        id.into(),
    )
    .await?;
    let left = with(events, &[Step::Left(id), Step::KeyRevoked]);
    Ok(stays(&members, &left) || stays(&keys, &left))
}

async fn of<V: Column>(
    db: &mut dyn Read,
    statement: &'static str,
    id: Argument<'static>,
) -> Result<Vec<V>, Error> {
    let rows = db.all(sql(statement).bind(id)).await?;
    rows.iter().map(|row| V::read(row, 0)).collect()
}

fn stays(all: &[impl ToString], ended: &BTreeSet<&str>) -> bool {
    all.iter().any(|one| !ended.contains(one.to_string().as_str()))
}
