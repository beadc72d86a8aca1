//! `POST /api/v1/organization`

use axum::{Json, extract::State, http::StatusCode};
use projections::organisations;
use server::{App, Permitted, Refusal, Wrote, organisations::found_organisation};

use super::OrganizationIn;
use crate::{
    fields::FieldsOf,
    guard::{GLOBAL_ADMIN, Person},
    wire::{OrganizationOut, organization_out},
};

/// Founds an organisation, with a group for its administrators, one for the administrators of its applications, and one for readers.
#[utoipa::path(post, operation_id = "os2iot_post_organization", path = "/api/v1/organization", tag = "os2iot", request_body = OrganizationIn, responses(
    (status = 201, description = "The organisation", body = OrganizationOut),
    (status = 400, description = "`MESSAGE.ORGANIZATION-ALREADY-EXISTS`, or a field breaks a rule")
))]
pub(crate) async fn post_organization(
    State(app): State<App>,
    Permitted(caller, _): Permitted<Person<GLOBAL_ADMIN>>,
    FieldsOf(body): FieldsOf<OrganizationIn>,
) -> Result<Wrote<(StatusCode, Json<OrganizationOut>)>, Refusal> {
    let name = body.name.ok_or_else(Refusal::unavailable)?;
    let (id, appended) = found_organisation(&app, &caller, name).await?;
    let made = organisations::find(app.ledger().db(), id).await?;
    let made = made.ok_or_else(|| Refusal::not_found("organisation"))?;
    let made = organization_out(app.ledger().db(), &made).await?;
    Ok(Wrote(appended.position, (StatusCode::CREATED, Json(made))))
}
