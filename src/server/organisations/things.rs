//! What is in an organisation.

use std::collections::BTreeSet;

use aggregates::values::OrganisationId;
use projections::{
    Sorting, accounts,
    accounts::AccountSort,
    api_keys,
    api_keys::ApiKeySort,
    applications,
    applications::{ApplicationSort, ApplicationsAmong},
    groups,
    groups::GroupSort,
    numbered::Among,
};
use uuid::Uuid;

use super::found::ALL;
use crate::{app::App, refusal::Refusal};

/// The ids of an organisation, of its groups, applications and API keys, and of the accounts and users in its groups, as they are now. No other
/// id has any of these.
pub async fn things_of(app: &App, id: Uuid) -> Result<BTreeSet<Uuid>, Refusal> {
    let mut things = BTreeSet::from([id]);
    let Ok(organisation) = OrganisationId::parse(&id.to_string()) else {
        return Ok(things);
    };
    let (db, one) = (app.ledger().db(), [organisation]);
    let groups = groups::page(db, Among::Organisations(&one), by(GroupSort::Id), ALL).await?;
    things.extend(groups.rows.iter().map(|row| row.id.uuid()));
    let among = ApplicationsAmong::Organisation(organisation);
    let applications = applications::page(db, among, by(ApplicationSort::Id), ALL).await?;
    things.extend(applications.rows.iter().map(|row| row.id.uuid()));
    let keys = api_keys::page(db, Among::Organisations(&one), by(ApiKeySort::Id), ALL).await?;
    things.extend(keys.rows.iter().map(|row| row.id.uuid()));
    let accounts = accounts::page(db, Among::Organisations(&one), by(AccountSort::Id), ALL).await?;
    things.extend(accounts.rows.iter().flat_map(|row| [row.id.uuid(), row.user.0]));
    Ok(things)
}

/// By a number, from the first one.
fn by<S>(by: S) -> Sorting<S> {
    Sorting {
        by,
        descending: false,
    }
}
