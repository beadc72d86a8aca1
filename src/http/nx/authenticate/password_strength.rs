//! `POST /auth/authenticate/password-strength`

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use server::{
    App, JsonBody, Refusal, RefusalKind, SMALL_BODY,
    identity::passwords::classes::{Strength, strength},
};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::message::Message;

/// A password that somebody thinks of.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxPassword)]
pub(crate) struct Password {
    /// The password.
    #[serde(rename = "Password")]
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
}

/// The password must obey the rule of this API and the policy of the server. What costs more is asked when the password is set.
pub(crate) fn accepted(app: &App, field: &'static str, typed: &str) -> Result<Strength, Refusal> {
    let found = strength(typed).map_err(|refused| {
        Refusal::new(RefusalKind::Invalid, refused.code(), refused.to_string()).in_field(field)
    })?;
    let rules = Arc::clone(&app.live().password_rules);
    match rules.propose(typed, &[]) {
        Ok(_) => Ok(found),
        Err(broken) => Err(Refusal::from(broken).in_field(field)),
    }
}

/// Says how strong a password is: `fair` or `good`. Passwords that would be refused are refused.
#[utoipa::path(post, operation_id = "nx_post_password_strength", path = "/auth/authenticate/password-strength", tag = "nx", security(()),
    request_body = Password, responses((status = 200, description = "The password would do", body = Message)))]
pub(crate) async fn post_password_strength(
    State(app): State<App>,
    JsonBody(body): JsonBody<Password, SMALL_BODY>,
) -> Result<Json<Message>, Refusal> {
    let typed = body
        .password
        .ok_or_else(|| Refusal::invalid("Password is required").in_field("Password"))?;
    let strength = match accepted(&app, "Password", &typed)? {
        Strength::Fair => "fair",
        Strength::Good => "good",
    };
    Ok(Json(Message::of(strength)))
}
