//! `GET /api/v1/api-key`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, response::Response};
use projections::{api_keys, api_keys::ApiKeySort, numbered::Among};
use server::{App, Asks, FreshAtStart, Query, Refusal, organisations::reach};

use crate::{
    guard::{Person, USER_ADMIN},
    list::{ListOut, ordinal, part, sorting},
    wire::{ApiKeyOut, Seen, api_keys_out},
};

const SORTS: &[(&str, ApiKeySort)] = &[
    ("id", ApiKeySort::Id),
    ("name", ApiKeySort::Name),
    ("expiresOn", ApiKeySort::ExpiresAt),
    ("updatedAt", ApiKeySort::UpdatedAt),
];

/// The API keys of an organisation, without the keys themselves. A global administrator may leave the organisation out.
#[utoipa::path(get, operation_id = "os2iot_get_api_keys", path = "/api/v1/api-key", tag = "os2iot",
    params(
        ("organizationId" = Option<String>, Query, description = "The organisation", example = "3"),
        ("limit" = Option<String>, Query, description = "At most this many; default 100", example = "100"),
        ("offset" = Option<String>, Query, description = "After this many; default 0", example = "0"),
        ("orderOn" = Option<String>, Query, description = "`id`, `name`, `expiresOn` or `updatedAt`"),
        ("sort" = Option<String>, Query, description = "`ASC` or `DESC`")
    ),
    responses((status = 200, description = "The keys", body = ListOut<ApiKeyOut>)))]
pub(crate) async fn get_api_keys(
    State(app): State<App>,
    asks: Asks<Person<USER_ADMIN>>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let (part, sorting) = (part(&query)?, sorting(&query, SORTS, ApiKeySort::Id)?);
    let within = ordinal(&query, "organizationId")?.map(OrganisationId::of);
    let turn = asks.turn(&app).await?;
    let reach = reach(&app, asks.caller());
    let administers = |one: &OrganisationId| reach.is_global || reach.user_admin.contains(one);
    let organisations: Vec<OrganisationId> = match within {
        Some(one) if administers(&one) => vec![one],
        None if reach.is_global => Vec::new(),
        Some(_) | None => return Err(Refusal::forbidden("read", "API keys of this organisation")),
    };
    let answer = turn.answer(async move |_| {
        let among = match within {
            Some(_) => Among::Organisations(&organisations),
            None => Among::All,
        };
        let db = app.ledger().db();
        let found = api_keys::page(db, among, sorting, part).await?;
        let shown = api_keys_out(&app, &found.rows, &Seen::by(&reach)).await?;
        Ok(Json(ListOut::of(&found, shown)))
    });
    answer.await
}
