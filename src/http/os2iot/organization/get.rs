//! `GET /api/v1/organization/{id}`

use aggregates::values::OrganisationId;
use axum::{Json, extract::State};
use projections::organisations;
use server::{App, PathOf, Permitted, Refusal};

use crate::{
    guard::{Person, USER_ADMIN},
    list::numeric,
    wire::{OrganizationOut, organization_out},
};

/// An organisation whose users the caller administers. Any other does not exist for the caller.
#[utoipa::path(get, operation_id = "os2iot_get_organization", path = "/api/v1/organization/{id}", tag = "os2iot",
    params(("id" = String, Path, description = "The number of the organisation", example = "3")),
    responses(
        (status = 200, description = "The organisation", body = OrganizationOut),
        (status = 404, description = "`MESSAGE.ID-DOES-NOT-EXIST`, or the caller does not administer its users")
    ))]
pub(crate) async fn get_organization(
    State(app): State<App>,
    Permitted(_caller, reach): Permitted<Person<USER_ADMIN>>,
    PathOf(id): PathOf<String>,
) -> Result<Json<OrganizationOut>, Refusal> {
    let id = OrganisationId::of(numeric(&id)?);
    let seen = reach.is_global || reach.user_admin.contains(&id);
    let found = organisations::find(app.ledger().db(), id).await?.filter(|_| seen);
    let found = found.ok_or_else(|| Refusal::not_found("organisation"))?;
    Ok(Json(organization_out(app.ledger().db(), &found).await?))
}
