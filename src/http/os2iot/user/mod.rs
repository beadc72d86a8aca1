//! `/api/v1/user`

mod awaiting;
mod get;
mod hide_welcome;
mod list;
mod minimal;
mod of_organization;
mod post;
mod put;
mod reject;

use std::collections::BTreeSet;

use aggregates::values::{AccountId, Email, GroupId, Ordinal, Timestamp, Title};
use projections::{accounts, accounts::AccountSort};
use server::{App, Refusal};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use crate::{
    fields::{Fields, FromFields},
    wire::{Seen, UserOut, users_out},
};

pub(crate) use minimal::{UsersOut, own_users};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::get_users))
        .routes(routes!(post::post_user))
        .routes(routes!(minimal::get_users_minimal))
        .routes(routes!(awaiting::get_awaiting_users))
        .routes(routes!(awaiting::get_awaiting_users_of_organization))
        .routes(routes!(of_organization::get_organization_users))
        .routes(routes!(reject::put_reject_user))
        .routes(routes!(get::get_user))
        .routes(routes!(put::put_user))
        .routes(routes!(hide_welcome::put_hide_welcome))
}

/// By what users are sorted.
pub(crate) const SORTS: &[(&str, AccountSort)] = &[
    ("id", AccountSort::Id),
    ("name", AccountSort::Name),
    ("lastLogin", AccountSort::LastLogin),
    ("expiresOn", AccountSort::ExpiresAt),
];

/// A user to make.
#[derive(ToSchema)]
#[schema(as = Os2iotNewUser, rename_all = "camelCase")]
pub(crate) struct NewUserIn {
    /// 1 to 50 characters, not blank.
    #[schema(value_type = String, example = "Ada Example")]
    name: Option<Title>,
    /// The address by which the user logs in.
    #[schema(value_type = String, example = "ada@example.org")]
    email: Option<Email>,
    /// 6 to 50 characters.
    #[schema(value_type = String)]
    password: Option<Zeroizing<String>>,
    /// Whether the user may use the API.
    #[schema(value_type = bool)]
    active: Option<bool>,
    /// Whether the user is a global administrator.
    #[schema(value_type = Option<bool>)]
    global_admin: Option<bool>,
    /// The numbers of the user groups.
    #[schema(value_type = Option<Vec<u32>>)]
    permission_ids: Option<BTreeSet<Ordinal>>,
    /// When the user may no longer use the API: a moment in the future.
    #[schema(value_type = Option<String>)]
    expires_on: Option<Option<Timestamp>>,
}

impl FromFields for NewUserIn {
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.title("name", true, 1, 50),
            email: fields.email("email", true),
            password: fields.password("password", true),
            active: fields.bool("active", true),
            global_admin: fields.bool("globalAdmin", false),
            permission_ids: fields.ordinals("permissionIds", false),
            expires_on: fields.moment("expiresOn"),
        }
    }
}

/// A user as they are from now on. As published, groups that are left out are lost, and so is `globalAdmin`.
#[derive(ToSchema)]
#[schema(as = Os2iotChangedUser, rename_all = "camelCase")]
pub(crate) struct UserIn {
    /// 1 to 50 characters, not blank.
    #[schema(value_type = String, example = "Ada Example")]
    name: Option<Title>,
    /// The address by which the user logs in. Without it, it stays.
    #[schema(value_type = Option<String>, example = "ada@example.org")]
    email: Option<Email>,
    /// A new password of 6 to 50 characters. Without it, it stays.
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// Whether the user may use the API.
    #[schema(value_type = bool)]
    active: Option<bool>,
    /// Whether the user is a global administrator.
    #[schema(value_type = Option<bool>)]
    global_admin: Option<bool>,
    /// The numbers of all user groups from now on.
    #[schema(value_type = Option<Vec<u32>>)]
    permission_ids: Option<BTreeSet<Ordinal>>,
    /// When the user may no longer use the API; null is never. Without it, it stays.
    #[schema(value_type = Option<String>)]
    expires_on: Option<Option<Timestamp>>,
}

impl FromFields for UserIn {
    fn read(fields: &mut Fields) -> Self {
        Self {
            name: fields.title("name", true, 1, 50),
            email: fields.email("email", false),
            password: fields.password("password", false),
            active: fields.bool("active", true),
            global_admin: fields.bool("globalAdmin", false),
            permission_ids: fields.ordinals("permissionIds", false),
            expires_on: fields.moment("expiresOn"),
        }
    }
}

fn groups(ids: Option<&BTreeSet<Ordinal>>) -> BTreeSet<GroupId> {
    ids.into_iter().flatten().copied().map(GroupId::of).collect()
}

/// A user as they are now, with their groups and requests as far as these are seen.
pub(crate) async fn shown(app: &App, id: AccountId, seen: &Seen) -> Result<UserOut, Refusal> {
    let db = app.ledger().db();
    let found = accounts::find(db, id).await?;
    let found = found.ok_or_else(|| Refusal::not_found("user"))?;
    let shown = users_out(db, &[found], Some(seen)).await?.pop();
    shown.ok_or_else(|| Refusal::not_found("user"))
}
