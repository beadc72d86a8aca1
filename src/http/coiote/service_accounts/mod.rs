//! `/api/service-accounts`

mod delete;
mod get;
mod list;
mod post;
mod secrets;

use serde::Serialize;
use server::{App, oauth::service_accounts::Issued};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::get_service_accounts, post::post_service_account))
        .routes(routes!(get::get_service_account, delete::delete_service_account))
        .routes(routes!(secrets::post_secret))
        .routes(routes!(secrets::delete_secret))
}

/// A service account and its newest secret. The secret is shown once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServiceAccountSecret)]
pub(crate) struct SecretOut {
    #[schema(format = "uuid")]
    client_id: String,
    client_secret: String,
}

impl From<Issued> for SecretOut {
    fn from(issued: Issued) -> Self {
        Self {
            client_id: issued.id.to_string(),
            client_secret: issued.secret.to_string(),
        }
    }
}
