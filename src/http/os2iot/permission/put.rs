//! `PUT /api/v1/permission/{id}`

use aggregates::values::GroupId;
use axum::{Json, extract::State};
use server::{
    App, PathOf, Permitted, Refusal, Wrote,
    organisations::{GroupChange, change_group},
};

use super::{GroupChangeIn, attached, members, shown};
use crate::{
    fields::FieldsOf,
    guard::{Person, USER_ADMIN},
    list::numeric,
    wire::GroupOut,
};

/// Changes a user group. Its levels and its organisation never change.
#[utoipa::path(put, operation_id = "os2iot_put_permission", path = "/api/v1/permission/{id}", tag = "os2iot", request_body = GroupChangeIn,
    params(("id" = String, Path, description = "The number of the group", example = "2")),
    responses((status = 200, description = "The group", body = GroupOut)))]
pub(crate) async fn put_permission(
    State(app): State<App>,
    Permitted(caller, _): Permitted<Person<USER_ADMIN>>,
    PathOf(id): PathOf<String>,
    FieldsOf(body): FieldsOf<GroupChangeIn>,
) -> Result<Wrote<Json<GroupOut>>, Refusal> {
    let id = GroupId::of(numeric(&id)?);
    let change = GroupChange {
        members: members(body.user_ids.as_ref()),
        applications: attached(body.application_ids.as_ref()),
        name: body.name,
        adds_new_applications: body.automatically_add_new_applications,
    };
    let appended = change_group(&app, &caller, id, change).await?;
    Ok(Wrote(appended.position, Json(shown(&app, id).await?)))
}
