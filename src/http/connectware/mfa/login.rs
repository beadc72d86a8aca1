//! `POST /api/mfa/login`

use axum::{Json, extract::State};
use serde::Deserialize;
use server::{
    App, ErrorBody, JsonBody, Origin, Refusal, Wrote,
    identity::{Completion, complete_log_in},
};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::typed;
use crate::login::LoggedInOut;

/// The second half of a login.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"username": "ada", "otp": "287082", "secret": "AAAA"}))]
pub(crate) struct MfaLogin {
    username: String,
    /// What `/api/login` answered.
    secret: String,
    /// The six digits that the user's device shows. Either this or `backupCode`.
    #[schema(value_type = Option<String>)]
    otp: Option<Zeroizing<String>>,
    /// A back-up code that was not used before.
    #[schema(value_type = Option<String>)]
    backup_code: Option<Zeroizing<String>>,
}

/// Completes a login by the second factor, within two minutes after the password. It needs no token. After a wrong code, the
/// client may try again with the same `secret`.
#[utoipa::path(post, path = "/api/mfa/login", tag = "mfa", security(()), request_body = MfaLogin, responses(
    (status = 200, description = "A token", body = LoggedInOut),
    (status = 400, description = "The request is not as it should be", body = ErrorBody),
    (status = 401, description = "The code is wrong or was used before (`wrong_code`), or the login must begin again (`login_ended`)", body = ErrorBody),
    (status = 409, description = "The user has too many valid tokens (`too_many_sessions`)", body = ErrorBody),
    (status = 429, description = "There were too many wrong codes; see Retry-After", body = ErrorBody),
    (status = 503, description = "The ledger does not answer", body = ErrorBody)
))]
pub(crate) async fn post_mfa_login(
    State(app): State<App>,
    origin: Origin,
    JsonBody(body): JsonBody<MfaLogin>,
) -> Result<Wrote<Json<LoggedInOut>>, Refusal> {
    let request = Completion {
        username: &body.username,
        handle: &body.secret,
        typed: typed(body.otp, body.backup_code)?,
    };
    let logged_in = complete_log_in(&app, request, &origin).await?;
    Ok(LoggedInOut::of(&app, logged_in))
}
