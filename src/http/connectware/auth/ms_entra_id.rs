//! `GET /api/auth/msEntraId`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether Microsoft Entra ID proves who users are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MsEntraIdSupport {
    /// Always `false`: this server does not ask Entra ID.
    enabled: bool,
}

/// Whether users may log in by Microsoft Entra ID.
#[utoipa::path(get, path = "/api/auth/msEntraId", tag = "login", security(()), responses(
    (status = 200, description = "The answer", body = MsEntraIdSupport)
))]
pub(crate) async fn get_ms_entra_id() -> Json<MsEntraIdSupport> {
    Json(MsEntraIdSupport { enabled: false })
}
