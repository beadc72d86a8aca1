//! Nothing stays of a deleted organisation, or of a dissolved group.
//!
//! Whoever deletes one reads first what is in it. What others make in it meanwhile would belong to nothing.

use std::collections::BTreeSet;

use aggregates::{
    Event, NewEvent,
    account::AccountEvent,
    api_key::ApiKeyEvent,
    application::ApplicationEvent,
    organisation::OrganisationEvent,
    role::RoleEvent,
    values::{AccountId, ApiKeyId, ApplicationId, GroupId, OrganisationId},
};
use futures_util::future::BoxFuture;

use crate::{
    guard::{Guard, Proposal, Verdict, Veto},
    sql::{Error, Read},
    store::{
        Column,
        sql::{Argument, sql},
    },
};

/// The reason of the rejection. Whoever deletes looks again then.
pub const CHANGED: Veto = Veto {
    code: "something_was_added",
    message: "something was added meanwhile: try again",
};

/// Rejects a unit that would delete an organisation or a group, and leave something that is in it.
pub(crate) struct NothingStays;

/// What an event changes about what is in organisations and groups.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    OrganisationDeleted,
    GroupDissolved,
    ApplicationDeleted,
    KeyRevoked,
    /// A group is formed, an application is made or comes, or somebody asks to be let in.
    Into(OrganisationId),
    /// Somebody asks no longer to be let in.
    NotAwaiting(OrganisationId),
    Joined(GroupId),
    Left(GroupId),
    Other,
}

impl Step {
    fn of(event: &Event) -> Self {
        match event {
            Event::Organisation(OrganisationEvent::Deleted {}) => Self::OrganisationDeleted,
            Event::Role(RoleEvent::Deleted {}) => Self::GroupDissolved,
            Event::Application(ApplicationEvent::Deleted {}) => Self::ApplicationDeleted,
            Event::ApiKey(ApiKeyEvent::Revoked {}) => Self::KeyRevoked,
            Event::Role(RoleEvent::GroupFormed { organisation, .. }) => {
                organisation.map_or(Self::Other, Self::Into)
            }
            Event::Application(
                ApplicationEvent::Created { organisation, .. } | ApplicationEvent::Moved { organisation },
            )
            | Event::Account(AccountEvent::OrganisationRequested { organisation }) => {
                Self::Into(*organisation)
            }
            Event::Account(AccountEvent::RequestEnded { organisation }) => Self::NotAwaiting(*organisation),
            Event::Account(AccountEvent::GroupJoined { group, .. })
            | Event::ApiKey(ApiKeyEvent::GroupJoined { group }) => Self::Joined(*group),
            Event::Account(AccountEvent::GroupLeft { group })
            | Event::ApiKey(ApiKeyEvent::GroupLeft { group }) => Self::Left(*group),
            Event::Organisation(OrganisationEvent::Founded { .. } | OrganisationEvent::Renamed { .. })
            | Event::Role(
                RoleEvent::Created { .. }
                | RoleEvent::Renamed { .. }
                | RoleEvent::SharingChanged { .. }
                | RoleEvent::PermissionAdded { .. }
                | RoleEvent::PermissionChanged { .. }
                | RoleEvent::PermissionRemoved { .. }
                | RoleEvent::GroupAddsNewApplicationsChanged { .. }
                | RoleEvent::ApplicationAttached { .. }
                | RoleEvent::ApplicationDetached { .. },
            )
            | Event::Application(ApplicationEvent::Renamed { .. } | ApplicationEvent::Described { .. })
            | Event::Account(
                AccountEvent::Opened { .. }
                | AccountEvent::Renamed { .. }
                | AccountEvent::EmailChanged { .. }
                | AccountEvent::Activated {}
                | AccountEvent::Deactivated {}
                | AccountEvent::ExpiryChanged { .. }
                | AccountEvent::Placed { .. }
                | AccountEvent::WelcomeHidden {}
                | AccountEvent::Closed {},
            )
            | Event::ApiKey(
                ApiKeyEvent::Issued { .. }
                | ApiKeyEvent::Renamed { .. }
                | ApiKeyEvent::Placed { .. }
                | ApiKeyEvent::ExpiryChanged { .. },
            )
            | Event::User(_)
            | Event::Session(_)
            | Event::ClientRegistry(_)
            | Event::Registration(_)
            | Event::CertifiedKey(_)
            | Event::Authority(_)
            // They outlive an organisation: what was agreed and paid does not end with it.
            | Event::Agreement(_)
            | Event::Licence(_)
            | Event::Seat(_) => Self::Other,
        }
    }
}

impl Guard for NothingStays {
    fn concerns(&self, proposal: Proposal<'_>) -> bool {
        let mut events = proposal.events.iter();
        events.any(|new| deleted_organisation(new).is_some() || dissolved_group(new).is_some())
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
                    && (before.contains(&Step::Into(id))
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

/// The aggregates that take one of these steps.
fn with<'a>(events: &'a [NewEvent], steps: &[Step]) -> BTreeSet<&'a str> {
    let found = events.iter().filter(|new| steps.contains(&Step::of(&new.event)));
    found.map(|new| new.aggregate_id.as_str()).collect()
}

fn stays(all: &[impl ToString], ended: &BTreeSet<&str>) -> bool {
    all.iter().any(|one| !ended.contains(one.to_string().as_str()))
}
