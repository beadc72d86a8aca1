//! `GET /api/service-accounts/{id}`

use aggregates::service_account::{Secret, ServiceAccountId};
use axum::{Json, extract::State, response::Response};
use projections::service_accounts;
use serde::Serialize;
use server::{
    App, Asks, ByPath, FreshAtStart, Missing, PathOf, Refusal, Refusals, oauth::service_accounts::find,
};
use utoipa::ToSchema;

use super::list::ServiceAccountOut;

/// A service account, and what tells its secrets apart.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceAccountWithSecrets {
    #[serde(flatten)]
    account: ServiceAccountOut,
    /// Those that are valid, oldest first: at most two.
    secrets: Vec<KeptSecretOut>,
}

/// A secret, without the secret itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceAccountKeptSecret)]
pub(crate) struct KeptSecretOut {
    #[schema(format = "uuid")]
    id: String,
    /// Its first characters.
    prefix: String,
    #[schema(format = "date-time")]
    issued_at: String,
}

impl From<&Secret> for KeptSecretOut {
    fn from(secret: &Secret) -> Self {
        Self {
            id: secret.id.to_string(),
            prefix: secret.prefix.clone(),
            issued_at: secret.issued_at.to_millis_string(),
        }
    }
}

/// One service account.
#[utoipa::path(get, path = "/api/service-accounts/{id}", tag = "service-accounts",
    params(("id" = String, Path, format = "uuid", description = "Id of the service account")),
    responses((status = 200, description = "The account", body = ServiceAccountWithSecrets), Refusals, Missing))]
pub(crate) async fn get_service_account(
    State(app): State<App>,
    asks: Asks<ByPath>,
    PathOf(id): PathOf<String>,
) -> Result<FreshAtStart<Response>, Refusal> {
    let id = ServiceAccountId::parse(&id)?;
    let turn = asks.turn(&app).await?;
    let read = turn.answer(async move |_| {
        let account = find(&app, id).await?;
        let row = service_accounts::find(app.ledger().db(), id).await?;
        let row = row.ok_or_else(|| Refusal::not_found("service account"))?;
        Ok(Json(ServiceAccountWithSecrets {
            account: ServiceAccountOut::of(&app, &row),
            secrets: account.secrets.iter().map(KeptSecretOut::from).collect(),
        }))
    });
    read.await
}
