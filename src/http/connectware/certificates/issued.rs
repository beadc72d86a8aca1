//! `GET /api/certificates/issued`

use aggregates::values::UserId;
use axum::{Json, extract::State, response::Response};
use projections::issued_certificates;
use serde::Serialize;
use server::{App, Asks, ByPath, FreshAtStart, Pagination, Query, Refusal, Refusals, page_of};
use utoipa::ToSchema;

use super::wire::IssuedOut;

/// The most days that a client may look ahead.
const MOST_DAYS: i64 = 36_500;

/// A page of certificates that this server issued.
#[derive(Serialize, ToSchema)]
pub(crate) struct IssuedPage {
    certificates: Vec<IssuedOut>,
    pagination: Pagination,
}

/// Certificates that this server issued, a page at a time, in the order in which they were issued. Revoked and expired ones are there,
/// too.
#[utoipa::path(get, path = "/api/certificates/issued", tag = "certificates",
    params(
        ("user" = Option<String>, Query, format = "uuid", description = "Only certificates of this user"),
        ("expiring" = Option<i64>, Query, minimum = 1, maximum = 36500,
            description = "Only certificates that are valid and expire within so many days, those that expire first at the beginning. \
                Of all users together, at most 10000 are shown and counted: ask for fewer days then"),
        ("pageNumber" = Option<i64>, Query, minimum = 1, description = "From 1; default 1", example = 1),
        ("rowsPerPage" = Option<i64>, Query, minimum = 1, maximum = 100, description = "1 to 100; default 100", example = 10)
    ),
    responses((status = 200, description = "A page; empty past the last one", body = IssuedPage), Refusals))]
pub(crate) async fn get_issued(
    State(app): State<App>,
    asks: Asks<ByPath>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    query.only(&["user", "expiring", "pageNumber", "rowsPerPage"])?;
    let page = page_of(&query)?;
    let user = query.one("user")?.map(UserId::parse).transpose()?;
    let days = query.int("expiring")?;
    if days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
        return Err(Refusal::invalid(format!(
            "expiring must be from 1 to {MOST_DAYS} days"
        )));
    }
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let (db, now) = (app.ledger().db(), app.clock.now());
        let end = days.map(|days| now.plus_hours(24 * days));
        let found = match (user, end) {
            (None, None) => issued_certificates::page(db, &page).await?,
            (None, Some(end)) => issued_certificates::expiring(db, &page, (now, end)).await?,
            (Some(user), end) => {
                let mut rows = issued_certificates::of_user(db, user).await?;
                if let Some(end) = end {
                    rows.retain(|row| {
                        row.revoked_at.is_none() && row.not_after > now && row.not_after <= end
                    });
                    rows.sort_by_key(|row| row.not_after);
                }
                page.of(rows)
            }
        };
        Ok(Json(IssuedPage {
            pagination: Pagination::of(&page, &found),
            certificates: found.rows.iter().map(IssuedOut::from).collect(),
        }))
    });
    read.await
}
