//! `GET /api/v1/user`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, response::Response};
use projections::{accounts, accounts::AccountSort, numbered::Among};
use server::{App, Asks, FreshAtStart, Query, Refusal, organisations::reach};

use super::SORTS;
use crate::{
    guard::{Person, USER_ADMIN},
    list::{ListOut, part, sorting},
    wire::{Seen, UserOut, users_out},
};

/// The users of the organisations whose users the caller administers: all, for a global administrator.
#[utoipa::path(get, operation_id = "os2iot_get_users", path = "/api/v1/user", tag = "os2iot",
    params(
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0"),
        ("orderOn" = Option<String>, Query, description = "`id`, `name`, `lastLogin` or `expiresOn`"),
        ("sort" = Option<String>, Query, description = "`ASC` or `DESC`")
    ),
    responses((status = 200, description = "The users", body = ListOut<UserOut>)))]
pub(crate) async fn get_users(
    State(app): State<App>,
    asks: Asks<Person<USER_ADMIN>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(&query)?, sorting(&query, SORTS, AccountSort::Id)?);
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    let answer = turn.answer(async move |_| {
        let own: Vec<OrganisationId> = reach.user_admin.iter().copied().collect();
        let among = match reach.is_global {
            true => Among::All,
            false => Among::Organisations(&own),
        };
        let db = app.ledger().db();
        let found = accounts::page(db, among, sorting, part).await?;
        let shown = users_out(db, &found.rows, Some(&Seen::by(&reach))).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
