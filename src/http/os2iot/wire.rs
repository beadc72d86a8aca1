//! The shapes that several endpoints answer (contracts/os2iot.md sections 2 and 3).

mod api_keys;
mod applications;
mod authors;
mod organizations;

use std::collections::{BTreeMap, BTreeSet};

use aggregates::values::{AccountId, ApplicationId, GroupId, Level, OrganisationId, Timestamp};
use authorization::Reach;
use projections::{accounts, accounts::AccountRow, groups, groups::GroupRow, sql::Db};
use serde::Serialize;
use server::Refusal;
use utoipa::ToSchema;

use authors::Authors;
use organizations::organisations;

pub(crate) use api_keys::{ApiKeyOut, ToIssue, api_keys_out};
pub(crate) use applications::{ApplicationOut, StatusCheck, applications_out};
pub(crate) use organizations::{OrganizationOut, organization_out, organizations_out};

fn time(at: Timestamp) -> String {
    at.to_millis_string()
}

/// How many rows a deletion has affected.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Os2iotAffected)]
pub(crate) struct Affected {
    /// Always 1.
    pub(crate) affected: u32,
}

/// One row was deleted.
pub(crate) const ONE: Affected = Affected { affected: 1 };

/// The number and the name of something.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Os2iotNamed)]
pub(crate) struct Named {
    /// The number.
    pub(crate) id: u32,
    /// The name.
    pub(crate) name: String,
}

/// A level of a user group.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Os2iotLevel)]
pub(crate) struct LevelOut {
    id: u32,
    /// `GlobalAdmin`, `OrganizationUserAdmin`, `OrganizationGatewayAdmin`, `OrganizationApplicationAdmin` or `Read`.
    r#type: String,
    created_at: String,
    updated_at: String,
}

/// A user group.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Os2iotPermission)]
pub(crate) struct GroupOut {
    id: u32,
    name: String,
    /// What the members may do.
    r#type: Vec<LevelOut>,
    /// The organisation; null for the group of global administrators.
    organization: Option<OrganizationOut>,
    automatically_add_new_applications: bool,
    application_ids: Vec<u32>,
    created_at: String,
    updated_at: String,
    /// The number of the user, or of the system user of the API key, who made it; null for the server.
    created_by: Option<u32>,
    /// The number of who changed it last.
    updated_by: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    users: Option<Vec<UserOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    applications: Option<Vec<Named>>,
}

/// A user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Os2iotUser)]
pub(crate) struct UserOut {
    id: u32,
    name: String,
    email: Option<String>,
    active: bool,
    /// Always null: no user comes from KOMBIT.
    name_id: Option<String>,
    /// When the user logged in on this API last.
    last_login: Option<String>,
    expires_on: Option<String>,
    is_system_user: bool,
    show_welcome_screen: bool,
    /// Whether the user waits for somebody to let them into an organisation.
    awaiting_confirmation: bool,
    created_at: String,
    updated_at: String,
    /// The number of the user, or of the system user of the API key, who made it; null for the server.
    created_by: Option<u32>,
    /// The number of who changed it last.
    updated_by: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, no_recursion)]
    permissions: Option<Vec<GroupOut>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    requested_organizations: Option<Vec<OrganizationOut>>,
}

/// Which groups and requests of a user or of an API key an answer shows.
pub(crate) enum Seen {
    /// All: they are the caller's own, or the caller is a global administrator.
    All,
    /// Those of the organisations of which the caller has a group, and the group of global administrators.
    Of(BTreeSet<OrganisationId>),
}

impl Seen {
    /// What somebody sees whose levels reach so far.
    pub(crate) fn by(reach: &Reach) -> Self {
        match reach.is_global {
            true => Self::All,
            false => Self::Of(reach.member_of.clone()),
        }
    }

    fn has(&self, organisation: OrganisationId) -> bool {
        match self {
            Self::All => true,
            Self::Of(organisations) => organisations.contains(&organisation),
        }
    }
}

/// Groups without members and applications.
pub(crate) async fn groups_out(db: &Db, rows: &[GroupRow]) -> Result<Vec<GroupOut>, Refusal> {
    let organisations = organisations(db, rows.iter().filter_map(|row| row.organisation).collect()).await?;
    let ids: Vec<GroupId> = rows.iter().map(|row| row.id).collect();
    let applications = groups::applications_of(db, &ids).await?;
    let authors = Authors::read(db, rows.iter().flat_map(|row| [row.created_by, row.updated_by])).await?;
    let shown = rows.iter().map(|row| {
        let attached = applications.get(&row.id).into_iter().flatten();
        let levels = row.levels.iter();
        GroupOut {
            id: row.id.ordinal().get(),
            name: row.name.clone(),
            r#type: levels.map(|level| level_out(row, *level)).collect(),
            organization: row.organisation.and_then(|id| organisations.get(&id).cloned()),
            automatically_add_new_applications: row.adds_new_applications,
            application_ids: attached.map(|id| id.ordinal().get()).collect(),
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            created_by: authors.number(row.created_by),
            updated_by: authors.number(row.updated_by),
            users: None,
            applications: None,
        }
    });
    Ok(shown.collect())
}

/// These groups as far as they are seen, without members and applications, by their ids.
async fn seen_groups(
    db: &Db,
    ids: impl IntoIterator<Item = &GroupId>,
    seen: &Seen,
) -> Result<BTreeMap<GroupId, GroupOut>, Refusal> {
    let ids: BTreeSet<GroupId> = ids.into_iter().copied().collect();
    let ids: Vec<GroupId> = ids.into_iter().collect();
    let mut rows = groups::find_many(db, &ids).await?;
    rows.retain(|row| row.organisation.is_none_or(|one| seen.has(one)));
    let shown = groups_out(db, &rows).await?;
    Ok(rows.iter().map(|row| row.id).zip(shown).collect())
}

/// The groups with these ids, in the order of the ids.
fn those(of: Option<&Vec<GroupId>>, groups: &BTreeMap<GroupId, GroupOut>) -> Vec<GroupOut> {
    let ids = of.into_iter().flatten();
    ids.filter_map(|id| groups.get(id).cloned()).collect()
}

fn level_out(row: &GroupRow, level: Level) -> LevelOut {
    let place = Level::ALL
        .iter()
        .position(|one| *one == level)
        .unwrap_or_default();
    LevelOut {
        // The published server numbers the levels of all groups. These numbers are as unique, and stay.
        id: row
            .id
            .ordinal()
            .get()
            .saturating_mul(10)
            .saturating_add(u32::try_from(place).unwrap_or_default()),
        r#type: level.as_str().to_owned(),
        created_at: time(row.created_at),
        updated_at: time(row.created_at),
    }
}

/// Groups with all their members, or with one of them.
pub(crate) async fn groups_with_users(
    db: &Db,
    rows: &[GroupRow],
    only: Option<AccountId>,
) -> Result<Vec<GroupOut>, Refusal> {
    let mut shown = groups_out(db, rows).await?;
    let ids: Vec<GroupId> = rows.iter().map(|row| row.id).collect();
    let mut members = accounts::members_of(db, &ids).await?;
    for members in members.values_mut() {
        members.retain(|member| only.is_none_or(|only| *member == only));
    }
    let wanted: BTreeSet<AccountId> = members.values().flatten().copied().collect();
    let wanted: Vec<AccountId> = wanted.into_iter().collect();
    let accounts = accounts::find_many(db, &wanted).await?;
    let users = users_out(db, &accounts, None).await?;
    let users: BTreeMap<_, _> = accounts.iter().map(|account| account.id).zip(users).collect();
    for (row, group) in rows.iter().zip(&mut shown) {
        let members = members.get(&row.id).into_iter().flatten();
        group.users = Some(members.filter_map(|id| users.get(id).cloned()).collect());
    }
    Ok(shown)
}

/// One group with its members and its applications.
pub(crate) async fn group_with_all(db: &Db, row: &GroupRow) -> Result<Option<GroupOut>, Refusal> {
    let mut shown = groups_with_users(db, std::slice::from_ref(row), None).await?;
    let attached = groups::applications_of(db, &[row.id]).await?;
    let ids: Vec<ApplicationId> = attached.into_values().flatten().collect();
    let applications = projections::applications::find_many(db, &ids).await?;
    let group = shown.pop().map(|mut group| {
        let named = applications.iter().map(|one| Named {
            id: one.id.ordinal().get(),
            name: one.name.clone(),
        });
        group.applications = Some(named.collect());
        group
    });
    Ok(group)
}

/// Users, with their groups and requests as far as these are seen; without them if that is `None`.
pub(crate) async fn users_out(
    db: &Db,
    rows: &[AccountRow],
    seen: Option<&Seen>,
) -> Result<Vec<UserOut>, Refusal> {
    let ids: Vec<AccountId> = rows.iter().map(|row| row.id).collect();
    let mut requests = accounts::requests_of(db, &ids).await?;
    let authors = Authors::read(db, rows.iter().flat_map(|row| [row.created_by, row.updated_by])).await?;
    let (mut of_users, mut groups, mut organisations_shown) = Default::default();
    if let Some(seen) = seen {
        for requested in requests.values_mut() {
            requested.retain(|one| seen.has(*one));
        }
        let asked: BTreeSet<OrganisationId> = requests.values().flatten().copied().collect();
        organisations_shown = organisations(db, asked.into_iter().collect()).await?;
        of_users = accounts::groups_of(db, &ids).await?;
        groups = seen_groups(db, of_users.values().flatten(), seen).await?;
    }
    let shown = rows.iter().map(|row| {
        let requested = requests.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        let asked = || {
            requested
                .iter()
                .filter_map(|id| organisations_shown.get(id).cloned())
        };
        UserOut {
            id: row.id.ordinal().get(),
            name: row.name.clone(),
            email: row.email.clone(),
            active: row.is_active,
            name_id: None,
            last_login: row.last_login_at.map(time),
            expires_on: row.expires_at.map(time),
            is_system_user: false,
            show_welcome_screen: row.shows_welcome,
            awaiting_confirmation: !requested.is_empty(),
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
            created_by: authors.number(row.created_by),
            updated_by: authors.number(row.updated_by),
            permissions: seen.map(|_| those(of_users.get(&row.id), &groups)),
            requested_organizations: seen.map(|_| asked().collect()),
        }
    });
    Ok(shown.collect())
}
