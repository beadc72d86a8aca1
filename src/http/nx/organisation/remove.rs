//! `DELETE /auth/organisation/{uuid}/members/{user}`

use aggregates::values::UserId;
use axum::{Json, extract::State};
use server::{App, Caller, PathOf, Refusal, Wrote, nx::remove_member};

use super::managed;
use crate::message::Message;

/// Removes a member: the person reads the licences of the organisation no longer, and keeps the account. All invitations that nobody has followed end. The
/// owner cannot be removed.
#[utoipa::path(delete, operation_id = "nx_delete_member", path = "/auth/organisation/{uuid}/members/{user}", tag = "nx",
    params(("uuid" = String, Path, format = "uuid", description = "Id of the organisation"), ("user" = String, Path, format = "uuid", description = "Id of the member")),
    responses((status = 200, description = "The person is no member any more", body = Message),
        (status = 404, description = "There is no such organisation or member, or the caller does not own it"),
        (status = 409, description = "The owner stays", body = Message)))]
pub(crate) async fn delete_member(
    State(app): State<App>,
    caller: Caller,
    PathOf((id, user)): PathOf<(String, String)>,
) -> Result<Wrote<Json<Message>>, Refusal> {
    let (organisation, administers) = managed(&app, &caller, &id)?;
    let user = UserId::parse(&user).map_err(|_| Refusal::not_found("member"))?;
    let removed = remove_member(&app, &caller, organisation, administers, user).await?;
    let message = Message {
        uuid: user.to_string(),
        ..Message::of("The member has been removed.")
    };
    Ok(Wrote(removed.position, Json(message)))
}
