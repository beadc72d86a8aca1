//! `POST /api/v1/application`

use axum::{Json, extract::State, http::StatusCode};
use server::{
    App, Permitted, Refusal, Wrote,
    organisations::{NewApplication, create_application},
};

use super::{ApplicationIn, shown};
use crate::{
    fields::FieldsOf,
    guard::{APPLICATION_ADMIN, PersonOrKey},
    wire::ApplicationOut,
};

/// Creates an application. It is attached to the given groups, and to those that take each new application of the organisation.
#[utoipa::path(post, operation_id = "os2iot_post_application", path = "/api/v1/application", tag = "os2iot", request_body = ApplicationIn, responses(
    (status = 201, description = "The application", body = ApplicationOut),
    (status = 400, description = "`MESSAGE.NAME-INVALID-OR-ALREADY-IN-USE`, or a field breaks a rule")
))]
pub(crate) async fn post_application(
    State(app): State<App>,
    Permitted(caller, _): Permitted<PersonOrKey<APPLICATION_ADMIN>>,
    FieldsOf(body): FieldsOf<ApplicationIn>,
) -> Result<Wrote<(StatusCode, Json<ApplicationOut>)>, Refusal> {
    let (organisation, groups) = (body.organisation(), body.groups());
    let said = body.said();
    let new = NewApplication {
        organisation: organisation.ok_or_else(Refusal::unavailable)?,
        name: said.name.ok_or_else(Refusal::unavailable)?,
        details: said.details,
        groups: groups.unwrap_or_default(),
    };
    let (id, appended) = create_application(&app, &caller, new).await?;
    let made = shown(&app, id).await?;
    Ok(Wrote(appended.position, (StatusCode::CREATED, Json(made))))
}
