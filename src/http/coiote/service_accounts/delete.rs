//! `DELETE /api/service-accounts/{id}`

use aggregates::service_account::ServiceAccountId;
use axum::{extract::State, http::StatusCode};
use server::{
    App, ByPath, Missing, PathOf, Permitted, Refusal, Refusals, Wrote, done, oauth::service_accounts::closing,
};

/// Closes a service account, and deletes its user. Its secrets and tokens are void at once.
#[utoipa::path(delete, path = "/api/service-accounts/{id}", tag = "service-accounts",
    params(("id" = String, Path, format = "uuid", description = "Id of the service account")),
    responses((status = 204, description = "Done"), Refusals, Missing))]
pub(crate) async fn delete_service_account(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<StatusCode>, Refusal> {
    done(&app, &caller, closing(&app, ServiceAccountId::parse(&id)?).await?).await
}
