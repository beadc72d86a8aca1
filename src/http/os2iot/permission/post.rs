//! `POST /api/v1/permission`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State, http::StatusCode};
use server::{
    App, Permitted, Refusal, Wrote,
    organisations::{NewGroup, form_group},
};

use super::{GroupIn, attached, members, shown};
use crate::{
    fields::FieldsOf,
    guard::{Person, USER_ADMIN},
    wire::GroupOut,
};

/// Makes a user group. Members must be members of the organisation, or have asked to be.
#[utoipa::path(post, operation_id = "os2iot_post_permission", path = "/api/v1/permission", tag = "os2iot", request_body = GroupIn, responses(
    (status = 201, description = "The group", body = GroupOut),
    (status = 400, description = "`MESSAGE.DUPLICATE-PERMISSION-TYPES`, or a field breaks a rule")
))]
pub(crate) async fn post_permission(
    State(app): State<App>,
    Permitted(caller, _): Permitted<Person<USER_ADMIN>>,
    FieldsOf(body): FieldsOf<GroupIn>,
) -> Result<Wrote<(StatusCode, Json<GroupOut>)>, Refusal> {
    let new = NewGroup {
        name: body.name.ok_or_else(Refusal::unavailable)?,
        organisation: body
            .organization_id
            .map(OrganisationId::of)
            .ok_or_else(Refusal::unavailable)?,
        levels: body.levels,
        adds_new_applications: body.automatically_add_new_applications.unwrap_or(false),
        applications: attached(body.application_ids.as_ref()).unwrap_or_default(),
        members: members(body.user_ids.as_ref()).unwrap_or_default(),
    };
    let (id, appended) = form_group(&app, &caller, new).await?;
    let made = shown(&app, id).await?;
    Ok(Wrote(appended.position, (StatusCode::CREATED, Json(made))))
}
