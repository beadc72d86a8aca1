//! `POST /api/mfa/validate`

use axum::{Json, extract::State};
use serde::Deserialize;
use server::{
    App, Caller, Conflicts, JsonBody, Refusal, Refusals, Wrote,
    identity::second_factor::{Typed, enrol},
};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{BackupCodesOut, backup_codes};

/// A code of the device that is enrolled.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"otp": "287082"}))]
pub(crate) struct OtpIn {
    /// The six digits that the device shows.
    #[schema(value_type = String)]
    otp: Zeroizing<String>,
}

/// Makes the secret that `/api/mfa/enable` gave the caller's second factor. From now on, the password alone is refused everywhere. The
/// caller's sessions go on. It needs no permission.
#[utoipa::path(post, path = "/api/mfa/validate", tag = "mfa", request_body = OtpIn,
    responses((status = 200, description = "Ten back-up codes", body = BackupCodesOut), Refusals, Conflicts))]
pub(crate) async fn post_validate(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<OtpIn>,
) -> Result<Wrote<Json<BackupCodesOut>>, Refusal> {
    let code = Typed::code(&body.otp)?;
    Ok(backup_codes(enrol(&app, &caller, &code).await?))
}
