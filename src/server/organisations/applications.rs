//! Applications.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    application::{Application, ApplicationCommand, ApplicationDetails},
    role::RoleCommand,
    values::{ApplicationId, GroupId, OrganisationId, Title},
};
use ledger::Appended;
use projections::{
    Sorting, groups,
    groups::{GroupRow, GroupSort},
    numbered::Among,
    ordinals::Numbered,
    sql::Boxed,
};

use super::{
    accounts::memberships,
    again::{Planned, until_done, until_first},
    found::ALL,
    may::{Right, right},
    reach,
};
use crate::{app::App, caller::Caller, refusal::Refusal};

/// An application to create.
#[derive(Clone, Debug)]
pub struct NewApplication {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The name.
    pub name: Title,
    /// What people say about it.
    pub details: ApplicationDetails,
    /// The groups of the organisation to which it is attached, besides those that take each new application.
    pub groups: BTreeSet<GroupId>,
}

/// What to change of an application; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct ApplicationChange {
    /// The new name.
    pub name: Option<Title>,
    /// All details from now on.
    pub details: Option<ApplicationDetails>,
    /// The exact groups to which it is attached from now on.
    pub groups: Option<BTreeSet<GroupId>>,
}

/// Creates an application, and attaches it to groups.
pub fn create<'a>(
    app: &'a App,
    caller: &'a Caller,
    new: NewApplication,
) -> Boxed<'a, Result<(ApplicationId, Appended), Refusal>> {
    Box::pin(async move { until_first(app, caller, || Box::pin(plan_create(app, caller, &new))).await })
}

async fn plan_create(
    app: &App,
    caller: &Caller,
    new: &NewApplication,
) -> Result<Planned<ApplicationId>, Refusal> {
    let organisation = new.organisation.ordinal().to_string();
    let right = right(
        app,
        caller,
        "os2iot-organisation",
        &organisation,
        "create-application",
    )?;
    let mut attached = of_organisation(app, &reach(app, caller), new.organisation, &new.groups).await?;
    attached.extend(takers(&groups_in(app, new.organisation).await?));
    let id = ApplicationId::of(app.numbers().next(app, Numbered::Application).await?);
    let create = ApplicationCommand::Create {
        organisation: new.organisation,
        name: new.name.clone(),
        details: Box::new(new.details.clone()),
    };
    let attach = attached.iter().map(|group| attach(*group, id));
    let commands = std::iter::once(Command::Application(id, create)).chain(attach);
    Ok(Planned::new(commands.collect(), right).own().making(id))
}

fn attach(group: GroupId, application: ApplicationId) -> Command {
    let command = RoleCommand::AttachApplication {
        id: group,
        application,
    };
    Command::Role(group.role(), command)
}

fn detach(group: GroupId, application: ApplicationId) -> Command {
    let command = RoleCommand::DetachApplication {
        id: group,
        application,
    };
    Command::Role(group.role(), command)
}

/// These groups, which must be of the organisation.
async fn of_organisation(
    app: &App,
    reach: &authorization::Reach,
    organisation: OrganisationId,
    wanted: &BTreeSet<GroupId>,
) -> Result<BTreeSet<GroupId>, Refusal> {
    let memberships = memberships(app, reach, wanted).await?;
    match memberships
        .iter()
        .all(|one| one.organisation == Some(organisation))
    {
        true => Ok(wanted.clone()),
        false => Err(Refusal::forbidden("write", "a group of another organisation")),
    }
}

/// The groups of an organisation.
async fn groups_in(app: &App, organisation: OrganisationId) -> Result<Vec<GroupRow>, Refusal> {
    let by_id = Sorting {
        by: GroupSort::Id,
        descending: false,
    };
    let groups = groups::page(
        app.ledger().db(),
        Among::Organisations(&[organisation]),
        by_id,
        ALL,
    )
    .await?;
    Ok(groups.rows)
}

/// Those of these groups that take each new application.
fn takers(groups: &[GroupRow]) -> impl Iterator<Item = GroupId> {
    let takers = groups.iter().filter(|group| group.adds_new_applications);
    takers.map(|group| group.id)
}

/// The groups to which an application is attached.
async fn groups_of(app: &App, id: ApplicationId) -> Result<BTreeSet<GroupId>, Refusal> {
    let groups = groups::of_applications(app.ledger().db(), &[id]).await?;
    Ok(groups.into_values().flatten().collect())
}

/// The right of the caller to change an application.
fn right_to(app: &App, caller: &Caller, id: ApplicationId) -> Result<Right, Refusal> {
    right(
        app,
        caller,
        "os2iot-application",
        &id.ordinal().to_string(),
        "write",
    )
}

/// Changes an application.
pub fn change<'a>(
    app: &'a App,
    caller: &'a Caller,
    id: ApplicationId,
    wanted: ApplicationChange,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move { until_done(app, caller, || Box::pin(plan_change(app, caller, id, &wanted))).await })
}

async fn plan_change(
    app: &App,
    caller: &Caller,
    id: ApplicationId,
    wanted: &ApplicationChange,
) -> Result<Planned, Refusal> {
    let mut right = right_to(app, caller, id)?;
    let change = ApplicationCommand::Change {
        name: wanted.name.clone(),
        details: wanted.details.clone().map(Box::new),
    };
    let mut commands = vec![Command::Application(id, change)];
    if let Some(groups) = &wanted.groups {
        let organisation = organisation_of(app, id).await?;
        right.rest_on_groups(&groups_in(app, organisation).await?);
        let groups = of_organisation(app, &reach(app, caller), organisation, groups).await?;
        let present = groups_of(app, id).await?;
        commands.extend(present.difference(&groups).map(|group| detach(*group, id)));
        commands.extend(groups.difference(&present).map(|group| attach(*group, id)));
    }
    Ok(Planned::new(commands, right))
}

async fn organisation_of(app: &App, id: ApplicationId) -> Result<OrganisationId, Refusal> {
    let (application, _) = app.executor.read::<Application>(id).await?;
    let organisation = application.organisation.filter(|_| application.exists());
    organisation.ok_or_else(|| Refusal::not_found("application"))
}

/// Gives an application to another organisation, in which the caller may create applications, too. It is attached to these groups there,
/// and to no group of the old one.
pub fn give<'a>(
    app: &'a App,
    caller: &'a Caller,
    id: ApplicationId,
    to: OrganisationId,
    groups: &'a BTreeSet<GroupId>,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(
        async move { until_done(app, caller, || Box::pin(plan_give(app, caller, id, to, groups))).await },
    )
}

async fn plan_give(
    app: &App,
    caller: &Caller,
    id: ApplicationId,
    to: OrganisationId,
    groups: &BTreeSet<GroupId>,
) -> Result<Planned, Refusal> {
    let mut right_to_both = right_to(app, caller, id)?;
    let there = right(
        app,
        caller,
        "os2iot-organisation",
        &to.ordinal().to_string(),
        "create-application",
    )?;
    // The position of the first judgement counts, which is not after that of the second one.
    right_to_both.grounds.streams.extend(there.grounds.streams);
    let from = organisation_of(app, id).await?;
    let there = groups_in(app, to).await?;
    right_to_both.rest_on_groups(&there);
    let mut wanted = of_organisation(app, &reach(app, caller), to, groups).await?;
    if from != to {
        wanted.extend(takers(&there));
    }
    let present = groups_of(app, id).await?;
    let detached = present.difference(&wanted).map(|group| detach(*group, id));
    let moved = Command::Application(id, ApplicationCommand::Move { from, to });
    let attached = wanted.difference(&present).map(|group| attach(*group, id));
    let commands = detached.chain([moved]).chain(attached).collect();
    // The caller may change the application before, and may create one like it there: so it is theirs to give.
    Ok(Planned::new(commands, right_to_both).own())
}

/// Deletes an application.
pub fn delete<'a>(
    app: &'a App,
    caller: &'a Caller,
    id: ApplicationId,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move { until_done(app, caller, || Box::pin(plan_delete(app, caller, id))).await })
}

async fn plan_delete(app: &App, caller: &Caller, id: ApplicationId) -> Result<Planned, Refusal> {
    let right = right_to(app, caller, id)?;
    let of = organisation_of(app, id).await?;
    let groups = groups_of(app, id).await?;
    let detached = groups.iter().map(|group| detach(*group, id));
    let deleted = Command::Application(id, ApplicationCommand::Delete { of });
    let commands = detached.chain([deleted]).collect();
    Ok(Planned::new(commands, right))
}
