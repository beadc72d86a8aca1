//! `GET /api/v1/auth/me`

use aggregates::values::{GroupId, OrganisationId};
use axum::{Json, extract::State};
use projections::{Part, Sorting, groups, numbered::Among, organisations, organisations::OrganisationSort};
use serde::Serialize;
use server::{App, Caller, Refusal};
use utoipa::ToSchema;

use super::own_account;
use crate::wire::{OrganizationOut, Seen, UserOut, organizations_out, users_out};

/// How many organisations the answer has at most.
const MOST: i64 = 10_000;

/// The caller, and the organisations in which they can work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Os2iotMe)]
pub(crate) struct MeOut {
    user: UserOut,
    organizations: Vec<OrganizationOut>,
}

/// The caller with their groups, and their organisations: all, for a global administrator.
#[utoipa::path(get, operation_id = "os2iot_get_me", path = "/api/v1/auth/me", tag = "os2iot", responses(
    (status = 200, description = "The user and the organisations", body = MeOut)
))]
pub(crate) async fn get_me(State(app): State<App>, caller: Caller) -> Result<Json<MeOut>, Refusal> {
    let (id, account) = own_account(&app, &caller).await?;
    let db = app.ledger().db();
    let of_account = groups::of_account(db, id).await?;
    let is_global = of_account.iter().any(|group| group.id == GroupId::GLOBAL_ADMIN);
    let own: Vec<OrganisationId> = of_account.iter().filter_map(|group| group.organisation).collect();
    let by_id = Sorting {
        by: OrganisationSort::Id,
        descending: false,
    };
    let part = Part {
        offset: 0,
        limit: MOST,
    };
    let among = match is_global {
        true => Among::All,
        false => Among::These(&own),
    };
    let organizations = organisations::page(db, among, by_id, part).await?;
    let user = users_out(db, &[account], Some(&Seen::All))
        .await?
        .pop()
        .ok_or_else(Refusal::unavailable)?;
    let out = MeOut {
        user,
        organizations: organizations_out(db, &organizations.rows).await?,
    };
    Ok(Json(out))
}
