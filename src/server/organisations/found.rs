//! Organisations.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    account::AccountCommand,
    application::ApplicationCommand,
    organisation::OrganisationCommand,
    role::{FormGroup, RoleCommand},
    values::{GroupId, Level, OrganisationId, Title},
};
use ledger::Appended;
use projections::{
    Part, Sorting, accounts,
    accounts::AccountSort,
    applications,
    applications::{ApplicationSort, ApplicationsAmong},
    groups,
    groups::GroupSort,
    numbered::Among,
    ordinals::Numbered,
    sql::Boxed,
};

use super::{
    accounts::Changing,
    again::{Planned, until_done, until_first},
    groups::empty,
    may::{right, right_of},
};
use crate::{app::App, caller::Caller, refusal::Refusal};

/// The groups that come with each organisation, as the published server makes them (contracts/os2iot.md, "/organization").
const GROUPS: [(&str, &[Level], bool); 3] = [
    (
        "Organisationsadministrator",
        &[
            Level::OrganizationUserAdmin,
            Level::OrganizationApplicationAdmin,
            Level::OrganizationGatewayAdmin,
            Level::Read,
        ],
        false,
    ),
    (
        "Applikationsadministrator",
        &[Level::OrganizationApplicationAdmin, Level::Read],
        true,
    ),
    ("Læserettigheder", &[Level::Read], true),
];

/// All rows of a list.
pub(super) const ALL: Part = Part {
    offset: 0,
    limit: i64::MAX,
};

/// Founds an organisation with its three groups.
pub fn found<'a>(
    app: &'a App,
    caller: &'a Caller,
    name: Title,
) -> Boxed<'a, Result<(OrganisationId, Appended), Refusal>> {
    Box::pin(async move { until_first(app, caller, || Box::pin(plan_found(app, caller, &name))).await })
}

async fn plan_found(app: &App, caller: &Caller, name: &Title) -> Result<Planned<OrganisationId>, Refusal> {
    let right = right_of(app, caller);
    let id = OrganisationId::of(app.numbers().next(app, Numbered::Organisation).await?);
    let mut commands = vec![Command::Organisation(
        id,
        OrganisationCommand::Found { name: name.clone() },
    )];
    for (title, levels, adds_new_applications) in GROUPS {
        let group = GroupId::of(app.numbers().next(app, Numbered::Group).await?);
        let form = FormGroup {
            id: group,
            name: Title::parse(&format!("{name} - {title}"))?,
            organisation: Some(id),
            levels: levels.to_vec(),
            adds_new_applications,
            applications: BTreeSet::new(),
        };
        commands.push(Command::Role(group.role(), RoleCommand::FormGroup(form)));
    }
    Ok(Planned::new(commands, right).making(id))
}

/// Gives an organisation another name.
pub fn rename<'a>(
    app: &'a App,
    caller: &'a Caller,
    id: OrganisationId,
    name: Title,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move { until_done(app, caller, || Box::pin(plan_rename(app, caller, id, &name))).await })
}

async fn plan_rename(
    app: &App,
    caller: &Caller,
    id: OrganisationId,
    name: &Title,
) -> Result<Planned, Refusal> {
    let right = right(
        app,
        caller,
        "os2iot-organisation",
        &id.ordinal().to_string(),
        "write",
    )?;
    let command = OrganisationCommand::Rename { name: name.clone() };
    Ok(Planned::new(vec![Command::Organisation(id, command)], right))
}

/// Deletes an organisation with its groups and applications. Whoever was in its groups is not any more, and whoever waited for it waits no
/// longer. If something is made in it meanwhile, the ledger refuses, and this looks again.
pub fn delete<'a>(
    app: &'a App,
    caller: &'a Caller,
    id: OrganisationId,
) -> Boxed<'a, Result<Appended, Refusal>> {
    Box::pin(async move { until_done(app, caller, || Box::pin(plan_delete(app, caller, id))).await })
}

async fn plan_delete(app: &App, caller: &Caller, id: OrganisationId) -> Result<Planned, Refusal> {
    let right = right(
        app,
        caller,
        "os2iot-organisation",
        &id.ordinal().to_string(),
        "write",
    )?;
    let db = app.ledger().db();
    let by_id = Sorting {
        by: GroupSort::Id,
        descending: false,
    };
    let groups = groups::page(db, Among::Organisations(&[id]), by_id, ALL).await?;
    let by_id = Sorting {
        by: ApplicationSort::Id,
        descending: false,
    };
    let applications = applications::page(db, ApplicationsAmong::Organisation(id), by_id, ALL).await?;
    let by_id = Sorting {
        by: AccountSort::Id,
        descending: false,
    };
    let waiting = accounts::awaiting(db, &[id], by_id, ALL).await?;
    let mut changing = Changing::new(app, right, false);
    empty(&mut changing, groups.rows.iter().map(|group| group.id).collect()).await?;
    for one in applications.rows {
        changing.push(Command::Application(
            one.id,
            ApplicationCommand::Delete { of: id },
        ));
    }
    for account in waiting.rows {
        let end = AccountCommand::EndRequest { organisation: id };
        changing.push(Command::Account(account.id, end));
    }
    changing.push(Command::Organisation(id, OrganisationCommand::Delete));
    Ok(changing.plan())
}
