//! `GET /api/auth/mfa`

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether users may have a second factor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MfaSupport {
    /// Always `true`: no setting switches second factors off, since the password of a user who has one would then be enough.
    enabled: bool,
}

/// Whether users may have a second factor.
#[utoipa::path(get, path = "/api/auth/mfa", tag = "login", security(()), responses(
    (status = 200, description = "The answer", body = MfaSupport)
))]
pub(crate) async fn get_mfa() -> Json<MfaSupport> {
    Json(MfaSupport { enabled: true })
}
