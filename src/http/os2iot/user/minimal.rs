//! `GET /api/v1/user/minimal`

use aggregates::values::OrganisationId;
use authorization::Reach;
use axum::{Json, extract::State, response::Response};
use projections::{Part, Sorting, accounts, accounts::AccountSort, numbered::Among};
use serde::Serialize;
use server::{App, Asks, FreshAtStart, Refusal, organisations::reach};
use utoipa::ToSchema;

use crate::{
    guard::{Person, USER_ADMIN},
    wire::Named,
};

/// The most users in the answer.
const MOST: i64 = 10_000;

/// Users by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Os2iotUsersMinimal)]
pub(crate) struct UsersOut {
    users: Vec<Named>,
}

/// The numbers and names of the users of the caller's own organisations: of all, for a global administrator.
#[utoipa::path(get, operation_id = "os2iot_get_users_minimal", path = "/api/v1/user/minimal", tag = "os2iot", responses(
    (status = 200, description = "The users", body = UsersOut)
))]
pub(crate) async fn get_users_minimal(
    State(app): State<App>,
    asks: Asks<Person<USER_ADMIN>>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    turn.answer(async move |_| own_users(&app, &reach).await.map(Json))
        .await
}

/// The numbers and names of the users of the organisations in which somebody has a level.
pub(crate) async fn own_users(app: &App, reach: &Reach) -> Result<UsersOut, Refusal> {
    let own: Vec<OrganisationId> = reach.member_of.iter().copied().collect();
    let among = match reach.is_global {
        true => Among::All,
        false => Among::Organisations(&own),
    };
    let by_name = Sorting {
        by: AccountSort::Name,
        descending: false,
    };
    let part = Part {
        offset: 0,
        limit: MOST,
    };
    let found = accounts::page(app.ledger().db(), among, by_name, part).await?;
    let users = found.rows.into_iter().map(|row| Named {
        id: row.id.ordinal().get(),
        name: row.name,
    });
    Ok(UsersOut {
        users: users.collect(),
    })
}
