//! `PUT /api/v1/organization/{id}`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State};
use projections::organisations;
use server::{App, PathOf, Permitted, Refusal, Wrote, organisations::rename_organisation};

use super::OrganizationIn;
use crate::{
    fields::FieldsOf,
    guard::{GLOBAL_ADMIN, Person},
    list::numeric,
    wire::{OrganizationOut, organization_out},
};

/// Gives an organisation another name.
#[utoipa::path(put, operation_id = "os2iot_put_organization", path = "/api/v1/organization/{id}", tag = "os2iot", request_body = OrganizationIn,
    params(("id" = String, Path, description = "The number of the organisation", example = "3")),
    responses(
        (status = 200, description = "The organisation", body = OrganizationOut),
        (status = 400, description = "`MESSAGE.ORGANIZATION-ALREADY-EXISTS`, or a field breaks a rule"),
        (status = 404, description = "`MESSAGE.ID-DOES-NOT-EXIST`")
    ))]
pub(crate) async fn put_organization(
    State(app): State<App>,
    Permitted(caller, _): Permitted<Person<GLOBAL_ADMIN>>,
    PathOf(id): PathOf<String>,
    FieldsOf(body): FieldsOf<OrganizationIn>,
) -> Result<Wrote<Json<OrganizationOut>>, Refusal> {
    let id = OrganisationId::of(numeric(&id)?);
    let name = body.name.ok_or_else(Refusal::unavailable)?;
    let appended = rename_organisation(&app, &caller, id, name).await?;
    let renamed = organisations::find(app.ledger().db(), id).await?;
    let renamed = renamed.ok_or_else(|| Refusal::not_found("organisation"))?;
    Ok(Wrote(
        appended.position,
        Json(organization_out(app.ledger().db(), &renamed).await?),
    ))
}
