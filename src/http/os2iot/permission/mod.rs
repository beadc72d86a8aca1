//! `/api/v1/permission`: user groups

mod accept_user;
mod applications;
mod delete;
mod get;
mod list;
mod post;
mod put;
mod slim;
mod users;

use std::collections::BTreeSet;

use aggregates::values::{AccountId, ApplicationId, GroupId, Level, Ordinal, OrganisationId, Title};
use authorization::Reach;
use projections::{groups, groups::GroupRow};
use server::{App, Caller, Refusal, organisations::must};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    fields::{Fields, FromFields},
    wire::{GroupOut, group_with_all},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::get_permissions))
        .routes(routes!(post::post_permission))
        .routes(routes!(accept_user::put_accept_user))
        .routes(routes!(slim::get_permissions_of_application_admin))
        .routes(routes!(list::get_permissions_without_users))
        .routes(routes!(get::get_permission))
        .routes(routes!(put::put_permission))
        .routes(routes!(delete::delete_permission))
        .routes(routes!(applications::get_permission_applications))
        .routes(routes!(users::get_permission_users))
}

/// A user group to make or to change.
#[derive(ToSchema)]
#[schema(as = Os2iotNewPermission, rename_all = "camelCase")]
pub(crate) struct GroupIn {
    /// 1 to 1024 characters. Groups may share a name.
    #[schema(value_type = String, example = "Readers")]
    name: Option<Title>,
    /// What the members may do: objects with a `type`. A change ignores it.
    #[schema(value_type = Vec<Object>)]
    levels: Vec<Level>,
    /// The number of the organisation. A change ignores it.
    #[schema(value_type = u32, example = 3)]
    organization_id: Option<Ordinal>,
    /// The numbers of the members.
    #[schema(value_type = Option<Vec<u32>>)]
    user_ids: Option<BTreeSet<Ordinal>>,
    /// The numbers of the applications. Groups whose levels give no applications ignore it.
    #[schema(value_type = Option<Vec<u32>>)]
    application_ids: Option<BTreeSet<Ordinal>>,
    /// Whether new applications of the organisation are attached.
    #[schema(value_type = Option<bool>)]
    automatically_add_new_applications: Option<bool>,
}

/// The same body, for a group that exists: its levels and its organisation do not change.
#[derive(ToSchema)]
#[schema(as = Os2iotChangedPermission, rename_all = "camelCase")]
pub(crate) struct GroupChangeIn {
    /// 1 to 1024 characters.
    #[schema(value_type = String, example = "Readers")]
    name: Option<Title>,
    /// The numbers of all members from now on.
    #[schema(value_type = Option<Vec<u32>>)]
    user_ids: Option<BTreeSet<Ordinal>>,
    /// The numbers of all applications from now on.
    #[schema(value_type = Option<Vec<u32>>)]
    application_ids: Option<BTreeSet<Ordinal>>,
    /// Whether new applications of the organisation are attached.
    #[schema(value_type = Option<bool>)]
    automatically_add_new_applications: Option<bool>,
}

impl FromFields for GroupIn {
    fn read(fields: &mut Fields) -> Self {
        let levels = fields.types("levels", Level::ALL.len() * 2).unwrap_or_default();
        let known: Vec<Level> = levels
            .iter()
            .filter_map(|level| Level::parse(level).ok())
            .collect();
        if levels.is_empty() || known.len() != levels.len() {
            let all: Vec<&str> = Level::ALL.iter().map(|level| level.as_str()).collect();
            fields.not_among("levels", &all.join(", "));
        }
        Self {
            name: fields.title("name", true, 1, Title::MOST),
            levels: known,
            organization_id: fields.ordinal("organizationId", true),
            user_ids: fields.ordinals("userIds", false),
            application_ids: fields.ordinals("applicationIds", false),
            automatically_add_new_applications: fields.bool("automaticallyAddNewApplications", false),
        }
    }
}

impl FromFields for GroupChangeIn {
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.title("name", false, 1, Title::MOST),
            user_ids: fields.ordinals("userIds", false),
            application_ids: fields.ordinals("applicationIds", false),
            automatically_add_new_applications: fields.bool("automaticallyAddNewApplications", false),
        }
    }
}

fn members(ids: Option<&BTreeSet<Ordinal>>) -> Option<BTreeSet<AccountId>> {
    ids.map(|ids| ids.iter().copied().map(AccountId::of).collect())
}

fn attached(ids: Option<&BTreeSet<Ordinal>>) -> Option<BTreeSet<ApplicationId>> {
    ids.map(|ids| ids.iter().copied().map(ApplicationId::of).collect())
}

/// A group that the caller may read. Everybody may read the group of global administrators (contracts/os2iot.md, "/permission").
async fn readable(app: &App, caller: &Caller, id: Ordinal) -> Result<GroupRow, Refusal> {
    let group = GroupId::of(id);
    if group != GroupId::GLOBAL_ADMIN {
        must(app, caller, "os2iot-group", &id.to_string(), "read")?;
    }
    let found = groups::find(app.ledger().db(), group).await?;
    found.ok_or_else(|| Refusal::not_found("group"))
}

/// A group as it is now.
async fn shown(app: &App, id: GroupId) -> Result<GroupOut, Refusal> {
    let db = app.ledger().db();
    let found = groups::find(db, id).await?;
    let found = found.ok_or_else(|| Refusal::not_found("group"))?;
    group_with_all(db, &found)
        .await?
        .ok_or_else(|| Refusal::not_found("group"))
}

/// The organisations whose groups the caller may list: `None` for all. With an organisation, only that one, if the caller administers its users.
fn listed(reach: &Reach, within: Option<OrganisationId>) -> Result<Option<Vec<OrganisationId>>, Refusal> {
    match within {
        Some(one) if reach.is_global || reach.user_admin.contains(&one) => Ok(Some(vec![one])),
        Some(_) => Err(Refusal::forbidden("read", "groups of this organisation")),
        None if reach.is_global => Ok(None),
        None => Ok(Some(reach.user_admin.iter().copied().collect())),
    }
}
