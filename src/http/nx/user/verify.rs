//! `GET /auth/user/verify`

use axum::{Json, extract::State};
use server::{App, Origin, Query, Refusal, Wrote, nx::verify_email};

use crate::message::Message;

/// Where the link of a mail leads: it proves the e-mail address, and the user can sign in.
#[utoipa::path(get, operation_id = "nx_get_verify", path = "/auth/user/verify", tag = "nx", security(()),
    params(("token" = String, Query, description = "The token of the link")),
    responses((status = 200, description = "The address is proved", body = Message)))]
pub(crate) async fn get_verify(
    State(app): State<App>,
    origin: Origin,
    query: Query,
) -> Result<Wrote<Json<Message>>, Refusal> {
    let token = query.one("token")?.unwrap_or_default();
    let position = verify_email(&app, &origin, token).await?;
    let message = Message::of("Your e-mail address is confirmed. You can sign in now.");
    Ok(Wrote(position, Json(message)))
}
