//! `POST /auth/authenticate/update-password`

use axum::{Json, extract::State};
use serde::Deserialize;
use server::{
    App, Caller, JsonBody, Refusal, SMALL_BODY, Wrote,
    identity::{WRONG_PASSWORD, change_password, sign_in::prove_again},
};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::password_strength::accepted;
use crate::message::Message;

/// The client of Scailable compares the message with this text.
pub(super) const RESET: &str = "Your password has been reset!";

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxPasswordChange)]
pub(crate) struct PasswordChange {
    /// The old one.
    #[serde(rename = "CurrentPassword")]
    #[schema(value_type = Option<String>)]
    current: Option<Zeroizing<String>>,
    /// The new one.
    #[serde(rename = "NewPassword")]
    #[schema(value_type = Option<String>)]
    new: Option<Zeroizing<String>>,
}

/// The caller replaces their own password. It needs no permission, but the old password. The caller stays signed in; all other sessions and sign-ins of
/// the caller end.
#[utoipa::path(post, operation_id = "nx_post_update_password", path = "/auth/authenticate/update-password", tag = "nx",
    request_body = PasswordChange, responses((status = 200, description = "The password is another one", body = Message)))]
pub(crate) async fn post_update_password(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<PasswordChange, SMALL_BODY>,
) -> Result<Wrote<Json<Message>>, Refusal> {
    let missing = |field| Refusal::invalid(format!("{field} is required")).in_field(field);
    let current = body.current.ok_or_else(|| missing("CurrentPassword"))?;
    let new = body.new.ok_or_else(|| missing("NewPassword"))?;
    accepted(&app, "NewPassword", &new)?;
    let changed = change_password(&app, &caller, current, &new).await;
    let changed = changed.map_err(|refusal| match refusal.code {
        WRONG_PASSWORD => refusal.in_field("CurrentPassword"),
        code if code.starts_with("password_") => refusal.in_field("NewPassword"),
        _ => refusal,
    })?;
    let position = prove_again(&app, &caller, changed.position).await?;
    Ok(Wrote(position, Json(Message::of(RESET))))
}
