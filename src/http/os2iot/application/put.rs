//! `PUT /api/v1/application/{id}`

use aggregates::values::ApplicationId;
use axum::{Json, extract::State};
use server::{
    App, PathOf, Permitted, Refusal, Wrote,
    organisations::{ApplicationChange, change_application},
};

use super::{ApplicationIn, shown};
use crate::{
    fields::FieldsOf,
    guard::{APPLICATION_ADMIN, PersonOrKey},
    list::numeric,
    wire::ApplicationOut,
};

/// Changes an application: its name and all that is said about it. Its organisation stays.
#[utoipa::path(put, operation_id = "os2iot_put_application", path = "/api/v1/application/{id}", tag = "os2iot", request_body = ApplicationIn,
    params(("id" = String, Path, description = "The number of the application", example = "5")),
    responses(
        (status = 200, description = "The application", body = ApplicationOut),
        (status = 400, description = "`MESSAGE.NAME-INVALID-OR-ALREADY-IN-USE`, or a field breaks a rule"),
        (status = 404, description = "`MESSAGE.ID-DOES-NOT-EXIST`, for a global administrator")
    ))]
pub(crate) async fn put_application(
    State(app): State<App>,
    Permitted(caller, _): Permitted<PersonOrKey<APPLICATION_ADMIN>>,
    PathOf(id): PathOf<String>,
    FieldsOf(body): FieldsOf<ApplicationIn>,
) -> Result<Wrote<Json<ApplicationOut>>, Refusal> {
    let id = ApplicationId::of(numeric(&id)?);
    let groups = body.groups();
    let said = body.said();
    let change = ApplicationChange {
        groups,
        name: said.name,
        details: Some(said.details),
    };
    let appended = change_application(&app, &caller, id, change).await?;
    Ok(Wrote(appended.position, Json(shown(&app, id).await?)))
}
