//! `POST /api/mfa/disable`

use axum::{extract::State, http::StatusCode};
use server::{
    App, Caller, Conflicts, ErrorBody, JsonBody, Refusal, Refusals, Wrote, identity::second_factor::disable,
};

use super::CodeIn;

/// Disables the caller's second factor. It needs no permission, but a code. The caller's sessions go on.
#[utoipa::path(post, path = "/api/mfa/disable", tag = "mfa", request_body = CodeIn, responses(
    (status = 204, description = "Done"), Refusals, Conflicts,
    (status = 429, description = "There were too many wrong codes; see Retry-After", body = ErrorBody)
))]
pub(crate) async fn post_disable(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<CodeIn>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let position = disable(&app, &caller, &body.typed()?).await?;
    Ok(Wrote(position, StatusCode::NO_CONTENT))
}
