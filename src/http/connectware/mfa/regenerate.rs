//! `POST /api/mfa/regenerate/backupcodes`

use axum::{Json, extract::State};
use server::{
    App, Caller, Conflicts, ErrorBody, JsonBody, Refusal, Refusals, Wrote,
    identity::second_factor::replace_backup_codes,
};

use super::{BackupCodesOut, CodeIn, backup_codes};

/// Replaces the caller's back-up codes. The earlier ones are void. It needs no permission, but a code.
#[utoipa::path(post, path = "/api/mfa/regenerate/backupcodes", tag = "mfa", request_body = CodeIn, responses(
    (status = 200, description = "Ten back-up codes", body = BackupCodesOut), Refusals, Conflicts,
    (status = 429, description = "There were too many wrong codes; see Retry-After", body = ErrorBody)
))]
pub(crate) async fn post_backup_codes(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<CodeIn>,
) -> Result<Wrote<Json<BackupCodesOut>>, Refusal> {
    let codes = replace_backup_codes(&app, &caller, &body.typed()?).await?;
    Ok(backup_codes(codes))
}
