//! `POST /auth/organisation/{uuid}/join`

use axum::{Json, extract::State};
use serde::Deserialize;
use server::{App, Caller, JsonBody, PathOf, Refusal, SMALL_BODY, Wrote, nx::join};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::organisation;
use crate::message::Message;

/// The invitation to follow.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxJoin)]
pub(crate) struct Join {
    /// The token of the link.
    #[serde(rename = "Token")]
    #[schema(value_type = Option<String>)]
    token: Option<Zeroizing<String>>,
}

/// The caller, who is a member of no organisation, follows an invitation that was sent to their address.
#[utoipa::path(post, operation_id = "nx_post_join", path = "/auth/organisation/{uuid}/join", tag = "nx", request_body = Join,
    params(("uuid" = String, Path, format = "uuid", description = "Id of the organisation")),
    responses((status = 200, description = "The caller is a member", body = Message),
        (status = 409, description = "The caller is a member of another organisation", body = Message)))]
pub(crate) async fn post_join(
    State(app): State<App>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<Join, SMALL_BODY>,
) -> Result<Wrote<Json<Message>>, Refusal> {
    caller.must_be_person()?;
    let token = body
        .token
        .ok_or_else(|| Refusal::invalid("Token is required").in_field("Token"))?;
    let joined = join(&app, &caller, organisation(&id)?, &token).await;
    let joined = joined.map_err(|refusal| match refusal.code {
        "link_ended" => refusal.in_field("Token"),
        _ => refusal,
    })?;
    let message = Message::of("You are a member of the organisation.");
    Ok(Wrote(joined.position, Json(message)))
}
