//! `GET /api/service-accounts`

use axum::{Json, extract::State, response::Response};
use projections::{service_accounts, service_accounts::ServiceAccountRow};
use serde::Serialize;
use server::{App, Asks, ByPath, FreshAtStart, Pagination, Query, Refusal, Refusals, page_of};
use utoipa::ToSchema;

/// A page of service accounts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceAccountPage {
    service_accounts: Vec<ServiceAccountOut>,
    pagination: Pagination,
}

/// A service account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceAccount)]
pub(crate) struct ServiceAccountOut {
    /// Also the id of its user, who has its roles, permissions and certificates.
    #[schema(format = "uuid")]
    client_id: String,
    /// The login name of its user.
    name: String,
    realm: String,
    #[schema(format = "date-time")]
    created_at: String,
}

impl ServiceAccountOut {
    pub(super) fn of(app: &App, row: &ServiceAccountRow) -> Self {
        Self {
            client_id: row.id.to_string(),
            // This node may not know the user yet, or not any more.
            name: app
                .ledger()
                .authorization()
                .username(row.id.user())
                .unwrap_or_default(),
            realm: row.realm.clone(),
            created_at: row.opened_at.to_millis_string(),
        }
    }
}

/// Service accounts, a page at a time, in the order in which they were opened.
#[utoipa::path(get, path = "/api/service-accounts", tag = "service-accounts",
    params(
        ("pageNumber" = Option<i64>, Query, minimum = 1, description = "From 1; default 1", example = 1),
        ("rowsPerPage" = Option<i64>, Query, minimum = 1, maximum = 100, description = "1 to 100; default 100", example = 10)
    ),
    responses((status = 200, description = "A page; empty past the last one", body = ServiceAccountPage), Refusals))]
pub(crate) async fn get_service_accounts(
    State(app): State<App>,
    asks: Asks<ByPath>,
    query: Query,
) -> Result<FreshAtStart<Response>, Refusal> {
    query.only(&["pageNumber", "rowsPerPage"])?;
    let page = page_of(&query)?;
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let read = service_accounts::page(app.ledger().db(), &page).await?;
        Ok(Json(ServiceAccountPage {
            service_accounts: read
                .rows
                .iter()
                .map(|row| ServiceAccountOut::of(&app, row))
                .collect(),
            pagination: Pagination::of(&page, &read),
        }))
    });
    read.await
}
