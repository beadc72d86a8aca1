//! `PUT /api/users/change-password`

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use server::{
    App, Caller, Conflicts, JsonBody, Refusal, Refusals, SMALL_BODY, Wrote, identity::change_password,
};

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"password": "the old one", "newPassword": "a new one"}))]
pub(crate) struct PasswordChange {
    /// The old one.
    #[schema(value_type = String)]
    password: Zeroizing<String>,
    /// The new one, as the password policy wants it.
    #[schema(value_type = String)]
    new_password: Zeroizing<String>,
}

/// The caller replaces their own password. It needs no permission, but the old password. All other sessions of the caller end; with
/// HTTP Basic, all.
#[utoipa::path(put, path = "/api/users/change-password", tag = "users", request_body = PasswordChange,
    responses((status = 204, description = "Done"), Refusals, Conflicts))]
pub(crate) async fn put_change_password(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<PasswordChange, SMALL_BODY>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let changed = change_password(&app, &caller, body.password, &body.new_password).await?;
    Ok(Wrote(changed.position, StatusCode::NO_CONTENT))
}
