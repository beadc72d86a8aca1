//! `PUT /api/v1/user/rejectUser`

use aggregates::values::{AccountId, Ordinal, OrganisationId};
use axum::{Json, extract::State};
use projections::organisations;
use server::{App, Permitted, Refusal, Wrote, organisations::reject};
use utoipa::ToSchema;

use crate::{
    fields::{Fields, FieldsOf, FromFields},
    guard::{Person, USER_ADMIN},
    wire::{OrganizationOut, organization_out},
};

/// Somebody who is not let in.
#[derive(ToSchema)]
#[schema(as = Os2iotRejectUser, rename_all = "camelCase")]
pub(crate) struct RejectIn {
    /// The number of the organisation.
    #[schema(value_type = u32, example = 3)]
    org_id: Option<Ordinal>,
    /// The number of the user.
    #[schema(value_type = u32, example = 7)]
    user_id_to_reject: Option<Ordinal>,
}

impl FromFields for RejectIn {
    fn read(fields: &mut Fields) -> Self {
        Self {
            org_id: fields.ordinal("orgId", true),
            user_id_to_reject: fields.ordinal("userIdToReject", true),
        }
    }
}

/// Decides that somebody is not let into an organisation.
#[utoipa::path(put, operation_id = "os2iot_put_reject_user", path = "/api/v1/user/rejectUser", tag = "os2iot", request_body = RejectIn, responses(
    (status = 200, description = "The organisation", body = OrganizationOut),
    (status = 404, description = "`MESSAGE.USER-DOES-NOT-EXIST`: there is no such user, or they have not asked")
))]
pub(crate) async fn put_reject_user(
    State(app): State<App>,
    Permitted(caller, _): Permitted<Person<USER_ADMIN>>,
    FieldsOf(body): FieldsOf<RejectIn>,
) -> Result<Wrote<Json<OrganizationOut>>, Refusal> {
    let organisation = body
        .org_id
        .map(OrganisationId::of)
        .ok_or_else(Refusal::unavailable)?;
    let id = body
        .user_id_to_reject
        .map(AccountId::of)
        .ok_or_else(Refusal::unavailable)?;
    let appended = reject(&app, &caller, organisation, id).await?;
    let found = organisations::find(app.ledger().db(), organisation).await?;
    let found = found.ok_or_else(|| Refusal::not_found("organisation"))?;
    Ok(Wrote(
        appended.position,
        Json(organization_out(app.ledger().db(), &found).await?),
    ))
}
