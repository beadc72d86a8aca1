//! Loads the things of the os2iot face: groups as roles, API keys as machines, and where each thing is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aggregates::{
    role::Group,
    values::{AccountId, ApiKeyId, ApplicationId, GroupId, OrganisationId, RoleName, UserId},
};
use authorization::{
    Credential, Fact, LoadedRole, Loader, MachineStep, account_entry, api_key_machine, directory::ResourceId,
};

use super::misfit;
use crate::{
    accounts::record::{AccountPlaceRecord, AccountRecord},
    api_keys::record::{ApiKeyGroupRecord, ApiKeyPlaceRecord, ApiKeyRecord},
    applications::record::ApplicationRecord,
    groups::record::{GroupApplicationRecord, GroupRecord},
    organisations::record::OrganisationRecord,
    store::{
        Column as _, Record as _, each,
        sql::{Error, Tx, sql},
        unreadable,
    },
};

/// Loads the groups, with the permissions that their levels give. Nobody may hold them before.
pub(super) async fn load_groups(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    let mut attached: HashMap<GroupId, BTreeSet<ApplicationId>> = HashMap::new();
    each(tx, "", vec![], |record: GroupApplicationRecord| {
        let applications = attached.entry(record.group_number).or_default();
        applications.insert(record.application);
        Ok(())
    })
    .await?;
    each(tx, "", vec![], |record: GroupRecord| {
        let made_at = loader.made_at(record.ordinal).map_err(misfit)?;
        let group = Group {
            organisation: record.organisation,
            levels: record.levels.into_iter().collect(),
            adds_new_applications: record.adds_new_applications,
            applications: attached.remove(&record.number).unwrap_or_default(),
        };
        let role = LoadedRole {
            id: record.number.role(),
            made_at,
            name: RoleName::recorded(record.name),
            is_shared: true,
            auto_generated: false,
            permissions: group.permissions(record.number).map_err(unreadable)?,
        };
        loader.role(role).map_err(misfit)
    })
    .await?;
    match attached.is_empty() {
        true => Ok(()),
        false => Err(unreadable("no group has these applications")),
    }
}

/// Loads the machines, and where each thing is. The groups must be loaded before.
pub(super) async fn load(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    load_organisations(tx, loader).await?;
    load_groups_places(tx, loader).await?;
    load_applications(tx, loader).await?;
    load_accounts(tx, loader).await?;
    load_api_keys(tx, loader).await
}

async fn load_organisations(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    let ordinals = format!("SELECT number, ordinal FROM {}", OrganisationRecord::TABLE.name);
    tx.each(sql(ordinals), |row| {
        loader.made_at(row.int(1)?).map_err(misfit)?;
        let id = OrganisationId::read(row, 0)?;
        loader.fact(placed(organisation(id), &[], false));
        Ok(())
    })
    .await
}

async fn load_groups_places(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    let places = format!("SELECT number, organisation FROM {}", GroupRecord::TABLE.name);
    tx.each(sql(places), |row| {
        let id = GroupId::read(row, 0)?;
        let organisation = Option::<OrganisationId>::read(row, 1)?;
        let organisations: Vec<_> = organisation.into_iter().collect();
        loader.fact(placed(group(id), &organisations, false));
        Ok(())
    })
    .await
}

async fn load_applications(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    let table = ApplicationRecord::TABLE.name;
    let places = format!("SELECT number, ordinal, organisation FROM {table}");
    tx.each(sql(places), |row| {
        loader.made_at(row.int(1)?).map_err(misfit)?;
        let id = ApplicationId::read(row, 0)?;
        let resource = ResourceId::new("os2iot-application", &id.ordinal().to_string());
        loader.fact(placed(resource, &[OrganisationId::read(row, 2)?], false));
        Ok(())
    })
    .await
}

async fn load_accounts(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    let mut places: BTreeMap<AccountId, Vec<OrganisationId>> = BTreeMap::new();
    each(
        tx,
        "ORDER BY account, organisation",
        vec![],
        |place: AccountPlaceRecord| {
            places.entry(place.account).or_default().push(place.organisation);
            Ok(())
        },
    )
    .await?;
    let accounts = format!(
        "SELECT number, ordinal, is_global, user_id FROM {}",
        AccountRecord::TABLE.name
    );
    tx.each(sql(accounts), |row| {
        loader.made_at(row.int(1)?).map_err(misfit)?;
        let id = AccountId::read(row, 0)?;
        let resource = ResourceId::new("os2iot-user", &id.ordinal().to_string());
        let organisations = places.remove(&id).unwrap_or_default();
        loader.fact(placed(resource, &organisations, row.bool(2)?));
        let user = UserId::read(row, 3)?.to_string();
        loader.fact(Fact::Placed {
            resource: account_entry(id),
            parents: vec![ResourceId::new("user", &user)],
        });
        Ok(())
    })
    .await?;
    match places.is_empty() {
        true => Ok(()),
        false => Err(unreadable("no account is in these organisations")),
    }
}

async fn load_api_keys(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    let mut places: BTreeMap<ApiKeyId, Vec<OrganisationId>> = BTreeMap::new();
    each(
        tx,
        "ORDER BY api_key, organisation",
        vec![],
        |place: ApiKeyPlaceRecord| {
            places.entry(place.api_key).or_default().push(place.organisation);
            Ok(())
        },
    )
    .await?;
    // Nobody holds a group that is dissolved.
    let held = "WHERE group_number IN (SELECT number FROM groups) ORDER BY api_key, group_number";
    let mut groups: BTreeMap<ApiKeyId, Vec<GroupId>> = BTreeMap::new();
    each(tx, held, vec![], |held: ApiKeyGroupRecord| {
        groups.entry(held.api_key).or_default().push(held.group_number);
        Ok(())
    })
    .await?;
    each(tx, "", vec![], |key: ApiKeyRecord| {
        loader.made_at(key.ordinal).map_err(misfit)?;
        let id = key.number;
        let machine = api_key_machine(id);
        let issued = MachineStep::CredentialIssued(Credential::Secret(key.digest.bytes()), key.expires_at);
        let held = groups.remove(&id).unwrap_or_default().into_iter();
        let held = held.map(|group| MachineStep::RoleGranted(group.role()));
        for step in [MachineStep::Made, issued].into_iter().chain(held) {
            loader.fact(Fact::Machine { machine, step });
        }
        let resource = ResourceId::new("os2iot-api-key", &id.ordinal().to_string());
        let organisations = places.remove(&id).unwrap_or_default();
        loader.fact(placed(resource, &organisations, key.is_global));
        Ok(())
    })
    .await?;
    match places.is_empty() && groups.is_empty() {
        true => Ok(()),
        false => Err(unreadable("no API key is in these organisations or groups")),
    }
}

fn organisation(id: OrganisationId) -> ResourceId {
    ResourceId::new("os2iot-organisation", &id.ordinal().to_string())
}

fn group(id: GroupId) -> ResourceId {
    ResourceId::new("os2iot-group", &id.ordinal().to_string())
}

/// What the events say about the place of a thing.
fn placed(resource: ResourceId, organisations: &[OrganisationId], is_global: bool) -> Fact {
    let global = is_global.then(|| group(GroupId::GLOBAL_ADMIN));
    let parents = organisations.iter().copied().map(organisation);
    Fact::Placed {
        resource,
        parents: parents.chain(global).collect(),
    }
}
