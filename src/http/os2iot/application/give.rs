//! `PUT /api/v1/application/updateApplicationOrganization/{id}`

use std::collections::BTreeSet;

use aggregates::values::{ApplicationId, GroupId, Ordinal, OrganisationId};
use axum::{Json, extract::State};
use server::{App, PathOf, Permitted, Refusal, Wrote, organisations::give_application};
use utoipa::ToSchema;

use super::shown;
use crate::{
    fields::{Fields, FieldsOf, FromFields},
    guard::{APPLICATION_ADMIN, PersonOrKey},
    list::numeric,
    wire::ApplicationOut,
};

/// Where an application goes.
#[derive(ToSchema)]
#[schema(as = Os2iotApplicationOrganization, rename_all = "camelCase")]
pub(crate) struct GiveIn {
    /// The number of the organisation.
    #[schema(value_type = u32, example = 4)]
    organization_id: Option<Ordinal>,
    /// The numbers of user groups of that organisation.
    #[schema(value_type = Option<Vec<u32>>)]
    permission_ids: Option<BTreeSet<Ordinal>>,
}

impl FromFields for GiveIn {
    fn read(fields: &mut Fields) -> Self {
        Self {
            organization_id: fields.ordinal("organizationId", true),
            permission_ids: fields.ordinals("permissionIds", false),
        }
    }
}

/// Gives an application to another organisation, in which the caller administers applications, too.
#[utoipa::path(put, operation_id = "os2iot_put_application_organization", path = "/api/v1/application/updateApplicationOrganization/{id}", tag = "os2iot", request_body = GiveIn,
    params(("id" = String, Path, description = "The number of the application", example = "5")),
    responses((status = 200, description = "The application", body = ApplicationOut)))]
pub(crate) async fn put_application_organization(
    State(app): State<App>,
    Permitted(caller, _): Permitted<PersonOrKey<APPLICATION_ADMIN>>,
    PathOf(id): PathOf<String>,
    FieldsOf(body): FieldsOf<GiveIn>,
) -> Result<Wrote<Json<ApplicationOut>>, Refusal> {
    let id = ApplicationId::of(numeric(&id)?);
    let to = body
        .organization_id
        .map(OrganisationId::of)
        .ok_or_else(Refusal::unavailable)?;
    let groups = body
        .permission_ids
        .unwrap_or_default()
        .into_iter()
        .map(GroupId::of)
        .collect();
    let appended = give_application(&app, &caller, id, to, &groups).await?;
    Ok(Wrote(appended.position, Json(shown(&app, id).await?)))
}
