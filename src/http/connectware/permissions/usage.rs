//! `GET /api/permissions/usage`

use aggregates::values::coiote::pattern;
use axum::{Json, extract::State, response::Response};
use projections::permission_usage::{self, MOST_USES};
use serde::Serialize;
use utoipa::ToSchema;

use super::page::{Usage, ids};
use server::{App, Asks, ByPath, FreshAtStart, Query, Refusal, Refusals};

/// Some uses of a resource.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsagePage {
    usage: Vec<Usage>,
    /// What to pass as `next` for the next uses; `null` if there are no more.
    next: Option<i64>,
}

/// Who may do what to one resource, a page at a time: the uses that `GET /api/permissions/page` leaves out.
#[utoipa::path(get, path = "/api/permissions/usage", tag = "permissions",
    params(
        ("resource" = String, Query, description = "The resource, as `GET /api/permissions/page` shows it", example = "plant/#"),
        ("context" = String, Query, description = "`http`, `mqtt`, `coiote` or `domain`", example = "mqtt"),
        ("next" = Option<i64>, Query, description = "The `nextUsage` of the resource, or the `next` of the page before; default from the first use"),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100, description = "1 to 100; default 100", example = 100),
        ("ids" = Option<Vec<String>>, Query, max_items = 1000, description = "Only uses by these permissions")
    ),
    responses((status = 200, description = "Uses, the oldest permission first; empty past the last one", body = UsagePage), Refusals))]
pub(crate) async fn get_permission_usage(
    State(app): State<App>,
    asks: Asks<ByPath>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    let missing = |name| Refusal::invalid(format!("{name} is missing"));
    let resource = query.one("resource")?.ok_or_else(|| missing("resource"))?;
    let context = query.one("context")?.ok_or_else(|| missing("context"))?;
    let (context, resource) = pattern(context, resource)?;
    let after = query.int("next")?.unwrap_or(i64::MIN);
    let limit = match query.int("limit")? {
        None => MOST_USES,
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=MOST_USES).contains(limit))
            .ok_or_else(|| Refusal::invalid(format!("limit must be from 1 to {MOST_USES}")))?,
    };
    let ids = ids(&query)?;
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let (db, of) = (app.ledger().db(), (context, &resource));
        let found = permission_usage::usage_of(db, of, ids.as_deref(), after, limit).await?;
        Ok(Json(UsagePage {
            usage: found.rows.iter().map(Usage::from).collect(),
            next: found.next,
        }))
    });
    read.await
}
