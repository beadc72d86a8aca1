//! `GET /api/v1/user/organizationUsers/{organizationId}`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, response::Response};
use projections::{accounts, accounts::AccountSort, numbered::Among};
use server::{App, Asks, FreshAtStart, PathOf, Query, Refusal, organisations::reach};

use super::SORTS;
use crate::{
    guard::{Person, USER_ADMIN},
    list::{ListOut, numeric, part, sorting},
    wire::{Seen, UserOut, users_out},
};

/// The users of an organisation. If the caller does not administer them, there is no such organisation for the caller.
#[utoipa::path(get, operation_id = "os2iot_get_organization_users", path = "/api/v1/user/organizationUsers/{organizationId}", tag = "os2iot",
    params(
        ("organizationId" = String, Path, description = "The number of the organisation", example = "3"),
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0")
    ),
    responses(
        (status = 200, description = "The users", body = ListOut<UserOut>),
        (status = 404, description = "There is no such organisation, or the caller does not administer its users")
    ))]
pub(crate) async fn get_organization_users(
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
        return Err(Refusal::not_found("organisation"));
    }
    let answer = turn.answer(async move |_| {
        let db = app.ledger().db();
        let found = accounts::page(db, Among::Organisations(&[id]), sorting, part).await?;
        let shown = users_out(db, &found.rows, Some(&Seen::by(&reach))).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
