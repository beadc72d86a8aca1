//! `POST /auth/organisation/{uuid}/invite`

use aggregates::values::Email;
use axum::{Json, extract::State};
use serde::Deserialize;
use server::{App, Caller, JsonBody, PathOf, Refusal, SMALL_BODY, nx::invite};
use utoipa::ToSchema;

use super::managed;
use crate::message::Message;

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxInvitation)]
pub(crate) struct Invitation {
    /// The e-mail address.
    #[serde(rename = "Email")]
    #[schema(example = "grace@example.org")]
    email: Option<String>,
}

/// Sends a mail with a link that lets the person become a member. Its owner may ask, and whoever administers all organisations. The answer is the same
/// whether somebody has an account with the address or not.
#[utoipa::path(post, operation_id = "nx_post_invite", path = "/auth/organisation/{uuid}/invite", tag = "nx", request_body = Invitation,
    params(("uuid" = String, Path, format = "uuid", description = "Id of the organisation")),
    responses((status = 200, description = "The mail is sent", body = Message),
        (status = 404, description = "There is no such organisation, or the caller does not own it"),
        (status = 409, description = "The server sends no links", body = Message)))]
pub(crate) async fn post_invite(
    State(app): State<App>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<Invitation, SMALL_BODY>,
) -> Result<Json<Message>, Refusal> {
    let (organisation, administers) = managed(&app, &caller, &id)?;
    let email = body
        .email
        .ok_or_else(|| Refusal::invalid("Email is required").in_field("Email"))?;
    let email = Email::parse(&email).map_err(|invalid| Refusal::from(invalid).in_field("Email"))?;
    let shown = email.to_string();
    invite(&app, &caller, organisation, administers, email).await?;
    Ok(Json(Message {
        email: shown,
        ..Message::of("The invitation is sent.")
    }))
}
