//! `GET /api/v1/user/awaitingUsers` and `GET /api/v1/user/awaitingUsers/{organizationId}`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, response::Response};
use projections::{
    Part, Sorting, accounts, accounts::AccountSort, numbered::Among, organisations,
    organisations::OrganisationSort,
};
use server::{App, Asks, FreshAtStart, PathOf, Query, Refusal, organisations::reach};

use super::SORTS;
use crate::{
    guard::{Person, USER_ADMIN},
    list::{ListOut, numeric, part, sorting},
    wire::{Seen, UserOut, users_out},
};

/// Who waits to be let into an organisation whose users the caller administers.
#[utoipa::path(get, operation_id = "os2iot_get_awaiting_users", path = "/api/v1/user/awaitingUsers", tag = "os2iot",
    params(
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0")
    ),
    responses((status = 200, description = "The users", body = ListOut<UserOut>)))]
pub(crate) async fn get_awaiting_users(
    State(app): State<App>,
    asks: Asks<Person<USER_ADMIN>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(&query)?, sorting(&query, SORTS, AccountSort::Id)?);
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    let answer = turn.answer(async move |_| {
        let organisations = match reach.is_global {
            true => all(&app).await?,
            false => reach.user_admin.iter().copied().collect(),
        };
        awaiting(&app, &organisations, &Seen::by(&reach), sorting, part)
            .await
            .map(Json)
    });
    answer.await
}

/// Who waits to be let into an organisation.
#[utoipa::path(get, operation_id = "os2iot_get_awaiting_users_of_organization", path = "/api/v1/user/awaitingUsers/{organizationId}", tag = "os2iot",
    params(
        ("organizationId" = String, Path, description = "The number of the organisation", example = "3"),
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0")
    ),
    responses((status = 200, description = "The users", body = ListOut<UserOut>)))]
pub(crate) async fn get_awaiting_users_of_organization(
    State(app): State<App>,
    asks: Asks<Person<USER_ADMIN>>,
    PathOf(id): PathOf<String>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(&query)?, sorting(&query, SORTS, AccountSort::Id)?);
    let id = OrganisationId::of(numeric(&id)?);
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    if !reach.is_global && !reach.user_admin.contains(&id) {
        return Err(Refusal::forbidden("read", "users of this organisation"));
    }
    let seen = Seen::by(&reach);
    turn.answer(async move |_| awaiting(&app, &[id], &seen, sorting, part).await.map(Json))
        .await
}

async fn awaiting(
    app: &App,
    organisations: &[OrganisationId],
    seen: &Seen,
    sorting: Sorting<AccountSort>,
    part: Part,
) -> Result<ListOut<UserOut>, Refusal> {
    let db = app.ledger().db();
    let found = accounts::awaiting(db, organisations, sorting, part).await?;
    let shown = users_out(db, &found.rows, Some(seen)).await?;
    Ok(ListOut::of(&found, shown))
}

async fn all(app: &App) -> Result<Vec<OrganisationId>, Refusal> {
    let by_id = Sorting {
        by: OrganisationSort::Id,
        descending: false,
    };
    let part = Part {
        offset: 0,
        limit: i64::MAX,
    };
    let found = organisations::page(app.ledger().db(), Among::All, by_id, part).await?;
    Ok(found.rows.into_iter().map(|row| row.id).collect())
}
