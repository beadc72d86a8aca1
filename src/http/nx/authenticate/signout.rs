//! `POST /auth/authenticate/signout`

use axum::{Json, extract::State};
use server::{App, Caller, Refusal, Wrote, identity::sign_in::sign_out};

use crate::message::Message;

/// Signs the caller out: the refresh token and all access tokens of the sign-in end. It needs no permission.
#[utoipa::path(post, operation_id = "nx_post_signout", path = "/auth/authenticate/signout", tag = "nx", responses(
    (status = 200, description = "The tokens have ended", body = Message)
))]
pub(crate) async fn post_signout(
    State(app): State<App>,
    caller: Caller,
) -> Result<Wrote<Json<Message>>, Refusal> {
    let position = sign_out(&app, &caller).await?;
    let position = position.ok_or_else(Refusal::unauthenticated)?;
    let message = Message {
        uuid: caller.user.to_string(),
        ..Message::of("You have been signed out.")
    };
    Ok(Wrote(position, Json(message)))
}
