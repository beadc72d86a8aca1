//! `POST /auth/authenticate/forgot-password`

use aggregates::values::Email;
use axum::{Json, extract::State};
use serde::Deserialize;
use server::{App, JsonBody, Origin, Refusal, SMALL_BODY, nx::forget_password};
use utoipa::ToSchema;

use crate::message::Message;

/// Whose password is forgotten.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxForgotten)]
pub(crate) struct Forgotten {
    /// The e-mail address of the account.
    #[serde(rename = "Email")]
    #[schema(example = "ada@example.org")]
    email: Option<String>,
}

/// Sends a mail with a link to the user of this address, if there is one. The answer is always the same.
#[utoipa::path(post, operation_id = "nx_post_forgot_password", path = "/auth/authenticate/forgot-password", tag = "nx", security(()),
    request_body = Forgotten, responses((status = 200, description = "Always the same message", body = Message)))]
pub(crate) async fn post_forgot_password(
    State(app): State<App>,
    origin: Origin,
    JsonBody(body): JsonBody<Forgotten, SMALL_BODY>,
) -> Result<Json<Message>, Refusal> {
    let email = body
        .email
        .ok_or_else(|| Refusal::invalid("Email is required").in_field("Email"))?;
    if let Ok(email) = Email::parse(&email) {
        forget_password(&app, &origin, email)?;
    }
    Ok(Json(Message::of("Password sent if user exists.")))
}
