//! `GET /api/v1/permission` and `GET /api/v1/permission/getAllPermissionsWithoutUsers`

use aggregates::values::{AccountId, GroupId, OrganisationId};
use axum::{Json, extract::State, response::Response};
use projections::{
    Paged, Part, Sorting, groups, groups::GroupRow, groups::GroupSort, numbered::Among, sql::Db,
};
use server::{App, Asks, FreshAtStart, Query, Refusal, organisations::reach};

use super::listed;
use crate::{
    guard::{Person, USER_ADMIN},
    list::{ListOut, given, ordinal, part, sorting},
    wire::{GroupOut, groups_out, groups_with_users},
};

/// By what groups are sorted.
pub(super) const SORTS: &[(&str, GroupSort)] = &[
    ("id", GroupSort::Id),
    ("name", GroupSort::Name),
    ("type", GroupSort::Levels),
    ("organisations", GroupSort::Organisation),
];

/// What a list of groups is about.
pub(super) struct Listing {
    organisations: Option<Vec<OrganisationId>>,
    user: Option<AccountId>,
    pub(super) sorting: Sorting<GroupSort>,
    pub(super) part: Part,
}

impl Listing {
    pub(super) fn of(query: &Query, reach: &authorization::Reach) -> Result<Self, Refusal> {
        let within = ordinal(query, "organisationId")?.map(OrganisationId::of);
        Ok(Self {
            organisations: listed(reach, within)?,
            user: ordinal(query, "userId")?.map(AccountId::of),
            sorting: sorting(query, SORTS, GroupSort::Id)?,
            part: part(query)?,
        })
    }

    /// The groups. With a user, only those that the user is in.
    pub(super) async fn page(&self, db: &Db, without_global: bool) -> Result<Paged<GroupRow>, Refusal> {
        let Some(user) = self.user else {
            let among = match &self.organisations {
                Some(organisations) => Among::Organisations(organisations),
                None if without_global => {
                    let global = GroupId::GLOBAL_ADMIN;
                    return Ok(groups::page_without(db, global, self.sorting, self.part).await?);
                }
                None => Among::All,
            };
            return Ok(groups::page(db, among, self.sorting, self.part).await?);
        };
        let of_user = groups::of_account(db, user).await?.into_iter();
        let listed = |group: &GroupRow| match (&self.organisations, group.organisation) {
            (None, one) => one.is_some() || !without_global,
            (Some(organisations), Some(one)) => organisations.contains(&one),
            (Some(_), None) => false,
        };
        let ids: Vec<GroupId> = of_user.filter(listed).map(|group| group.id).collect();
        Ok(groups::page(db, Among::These(&ids), self.sorting, self.part).await?)
    }
}

/// The user groups of the organisations whose users the caller administers, with their members.
#[utoipa::path(get, operation_id = "os2iot_get_permissions", path = "/api/v1/permission", tag = "os2iot",
    params(
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0"),
        ("orderOn" = Option<String>, Query, description = "`id`, `name`, `type` or `organisations`"),
        ("sort" = Option<String>, Query, description = "`ASC` or `DESC`"),
        ("organisationId" = Option<String>, Query, description = "Only those of this organisation", example = "3"),
        ("userId" = Option<String>, Query, description = "Only those that this user is in")
    ),
    responses((status = 200, description = "The groups", body = ListOut<GroupOut>)))]
pub(crate) async fn get_permissions(
    State(app): State<App>,
    asks: Asks<Person<USER_ADMIN>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let turn = asks.turn(&app).await?;
    let listing = Listing::of(&query, &reach(&app, asks.caller()))?;
    let answer = turn.answer(async move |_| {
        let db = app.ledger().db();
        let found = listing.page(db, false).await?;
        let shown = groups_with_users(db, &found.rows, listing.user).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}

/// The same without members. `ignoreGlobalAdmin=true` leaves out the group of global administrators.
#[utoipa::path(get, operation_id = "os2iot_get_permissions_without_users", path = "/api/v1/permission/getAllPermissionsWithoutUsers", tag = "os2iot",
    params(
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0"),
        ("orderOn" = Option<String>, Query, description = "`id`, `name`, `type` or `organisations`"),
        ("sort" = Option<String>, Query, description = "`ASC` or `DESC`"),
        ("organisationId" = Option<String>, Query, description = "Only those of this organisation", example = "3"),
        ("ignoreGlobalAdmin" = Option<bool>, Query, description = "Without the group of global administrators")
    ),
    responses((status = 200, description = "The groups", body = ListOut<GroupOut>)))]
pub(crate) async fn get_permissions_without_users(
    State(app): State<App>,
    asks: Asks<Person<USER_ADMIN>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let turn = asks.turn(&app).await?;
    let listing = Listing::of(&query, &reach(&app, asks.caller()))?;
    let without_global = given(&query, "ignoreGlobalAdmin")? == Some("true");
    let answer = turn.answer(async move |_| {
        let db = app.ledger().db();
        let found = listing.page(db, without_global).await?;
        let shown = groups_out(db, &found.rows).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
