//! Organisations.

use std::collections::BTreeSet;

use aggregates::{
    Command,
    application::ApplicationCommand,
    organisation::OrganisationCommand,
    role::{FormGroup, RoleCommand},
    values::{GroupId, Level, OrganisationId, Title},
};
use ledger::Appended;
use projections::{
    Part, Sorting, applications,
    applications::{ApplicationSort, ApplicationsAmong},
    groups,
    groups::GroupSort,
    numbered::Among,
    ordinals::Numbered,
    sql::Boxed,
};

use super::{accounts::Changing, groups::empty, must, numbers::Attempts};
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
    Box::pin(async move {
        let mut attempts = Attempts::default();
        loop {
            let made = found_once(app, caller, &name).await;
            if !attempts.again(&made) {
                return made;
            }
        }
    })
}

async fn found_once(app: &App, caller: &Caller, name: &Title) -> Result<(OrganisationId, Appended), Refusal> {
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
    Ok((id, caller.execute(app, commands).await?))
}

/// Gives an organisation another name.
pub async fn rename(
    app: &App,
    caller: &Caller,
    id: OrganisationId,
    name: Title,
) -> Result<Appended, Refusal> {
    must(
        app,
        caller,
        "os2iot-organisation",
        &id.ordinal().to_string(),
        "write",
    )?;
    let command = Command::Organisation(id, OrganisationCommand::Rename { name });
    caller.execute(app, vec![command]).await
}

/// Deletes an organisation with its groups and applications. Whoever was in its groups is not any more.
pub async fn delete(app: &App, caller: &Caller, id: OrganisationId) -> Result<Appended, Refusal> {
    must(
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
    let mut changing = Changing::new(app, false);
    for group in groups.rows {
        empty(&mut changing, group.id).await?;
    }
    for one in applications.rows {
        changing.push(Command::Application(
            one.id,
            ApplicationCommand::Delete { of: id },
        ));
    }
    changing.push(Command::Organisation(id, OrganisationCommand::Delete));
    changing.execute(caller).await
}
