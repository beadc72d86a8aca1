//! `GET /auth/organisation/{uuid}/members`

use axum::{Json, extract::State};
use serde::Serialize;
use server::{App, Caller, PathOf, Refusal, nx::members};
use utoipa::ToSchema;

use super::managed;

/// A member of an organisation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NxMember)]
pub(crate) struct MemberOut {
    /// The id of the user.
    #[serde(rename = "UUID")]
    uuid: String,
    /// The name.
    #[serde(rename = "Name")]
    name: String,
    /// The e-mail address.
    #[serde(rename = "Email")]
    email: String,
    /// Whether the member owns the organisation.
    #[serde(rename = "IsOwner")]
    is_owner: bool,
}

/// The members of an organisation, at most 1,000, in the order of their names. Its owner may ask, and whoever administers all organisations.
#[utoipa::path(get, operation_id = "nx_get_members", path = "/auth/organisation/{uuid}/members", tag = "nx",
    params(("uuid" = String, Path, format = "uuid", description = "Id of the organisation")),
    responses((status = 200, description = "The members", body = [MemberOut]), (status = 404, description = "There is no such organisation, or the caller does not own it")))]
pub(crate) async fn get_members(
    State(app): State<App>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Json<Vec<MemberOut>>, Refusal> {
    let (organisation, administers) = managed(&app, &caller, &id)?;
    let found = members(&app, &caller, organisation, administers).await?;
    let out = found.into_iter().map(|member| MemberOut {
        uuid: member.user.to_string(),
        name: member.name,
        email: member.email.unwrap_or_default(),
        is_owner: member.is_owner,
    });
    Ok(Json(out.collect()))
}
