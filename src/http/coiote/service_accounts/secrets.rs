//! `POST /api/service-accounts/{id}/secrets` and `DELETE /api/service-accounts/{id}/secrets/{secret}`

use aggregates::service_account::{ClientSecretId, ServiceAccountId};
use axum::{Json, extract::State, http::StatusCode};
use server::{
    App, ByPath, Conflicts, Missing, PathOf, Permitted, Refusal, Refusals, Wrote, done,
    oauth::service_accounts::{issue_secret, withdrawing},
};

use super::SecretOut;

/// Gives a service account another secret. The one before it stays valid until it is withdrawn, so the client can change over without a gap. If the
/// account has two secrets, the answer is 409 (`two_secrets`): withdraw one first. The secret is shown once.
#[utoipa::path(post, path = "/api/service-accounts/{id}/secrets", tag = "service-accounts",
    params(("id" = String, Path, format = "uuid", description = "Id of the service account")),
    responses((status = 201, description = "The account and the secret", body = SecretOut), Refusals, Missing, Conflicts))]
pub(crate) async fn post_secret(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<(StatusCode, Json<SecretOut>)>, Refusal> {
    let issued = issue_secret(&app, &caller, ServiceAccountId::parse(&id)?).await?;
    Ok(Wrote(issued.position, (StatusCode::CREATED, Json(issued.into()))))
}

/// Makes a secret void, and with it all tokens of the service account.
#[utoipa::path(delete, path = "/api/service-accounts/{id}/secrets/{secret}", tag = "service-accounts",
    params(
        ("id" = String, Path, format = "uuid", description = "Id of the service account"),
        ("secret" = String, Path, format = "uuid", description = "Id of the secret")
    ),
    responses((status = 204, description = "Done"), Refusals, Missing))]
pub(crate) async fn delete_secret(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    PathOf((id, secret)): PathOf<(String, String)>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let (id, secret) = (ServiceAccountId::parse(&id)?, ClientSecretId::parse(&secret)?);
    done(&app, &caller, withdrawing(&app, id, secret).await?).await
}
