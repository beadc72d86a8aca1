//! `POST /auth/authenticate/reset-password`

use axum::{Json, extract::State};
use serde::Deserialize;
use server::{App, JsonBody, Origin, Refusal, SMALL_BODY, Wrote, nx::reset_password};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::{password_strength::accepted, update_password::RESET};
use crate::message::Message;

/// The token of a link, and another password.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxReset)]
pub(crate) struct Reset {
    /// The token.
    #[serde(rename = "Token")]
    #[schema(value_type = Option<String>)]
    token: Option<Zeroizing<String>>,
    /// The new password.
    #[serde(rename = "NewPassword")]
    #[schema(value_type = Option<String>)]
    new: Option<Zeroizing<String>>,
}

/// Sets another password by the token of a mailed link. The token and all others of the user end, and all sessions of the user. A password that is refused uses
/// no token up.
#[utoipa::path(post, operation_id = "nx_post_reset_password", path = "/auth/authenticate/reset-password", tag = "nx", security(()),
    request_body = Reset, responses((status = 200, description = "The password is another one", body = Message)))]
pub(crate) async fn post_reset_password(
    State(app): State<App>,
    origin: Origin,
    JsonBody(body): JsonBody<Reset, SMALL_BODY>,
) -> Result<Wrote<Json<Message>>, Refusal> {
    let missing = |field| Refusal::invalid(format!("{field} is required")).in_field(field);
    let token = body.token.ok_or_else(|| missing("Token"))?;
    let new = body.new.ok_or_else(|| missing("NewPassword"))?;
    accepted(&app, "NewPassword", &new)?;
    let reset = reset_password(&app, &origin, &token, new).await;
    let position = reset.map_err(|refusal| match refusal.code {
        "link_ended" => refusal.in_field("Token"),
        code if code.starts_with("password_") => refusal.in_field("NewPassword"),
        _ => refusal,
    })?;
    Ok(Wrote(position, Json(Message::of(RESET))))
}
