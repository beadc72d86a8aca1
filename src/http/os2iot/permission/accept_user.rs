//! `PUT /api/v1/permission/acceptUser`

use std::collections::BTreeSet;

use aggregates::values::{AccountId, GroupId, Ordinal, OrganisationId};
use axum::{Json, extract::State};
use server::{App, Permitted, Refusal, Wrote, organisations::accept};
use utoipa::ToSchema;

use crate::{
    fields::{Fields, FieldsOf, FromFields},
    guard::{Person, USER_ADMIN},
    user::shown,
    wire::{Seen, UserOut},
};

/// Somebody to let in.
#[derive(ToSchema)]
#[schema(as = Os2iotAcceptUser, rename_all = "camelCase")]
pub(crate) struct AcceptIn {
    /// The number of the organisation for which the user has asked.
    #[schema(value_type = u32, example = 3)]
    organization_id: Option<Ordinal>,
    /// The number of the user.
    #[schema(value_type = u32, example = 7)]
    user_id: Option<Ordinal>,
    /// The numbers of the groups of the organisation: at least one.
    #[schema(value_type = Vec<u32>)]
    permission_ids: Option<BTreeSet<Ordinal>>,
}

impl FromFields for AcceptIn {
    fn read(fields: &mut Fields) -> Self {
        Self {
            organization_id: fields.ordinal("organizationId", true),
            user_id: fields.ordinal("userId", true),
            permission_ids: fields.ordinals("permissionIds", true),
        }
    }
}

/// Lets somebody into an organisation who has asked for it.
#[utoipa::path(put, operation_id = "os2iot_put_accept_user", path = "/api/v1/permission/acceptUser", tag = "os2iot", request_body = AcceptIn, responses(
    (status = 200, description = "The user", body = UserOut),
    (status = 400, description = "`MESSAGE.USER-ALREADY-IN-PERMISSION`, or a field breaks a rule"),
    (status = 404, description = "`MESSAGE.USER-DOES-NOT-EXIST`: there is no such user, or they have not asked")
))]
pub(crate) async fn put_accept_user(
    State(app): State<App>,
    Permitted(caller, reach): Permitted<Person<USER_ADMIN>>,
    FieldsOf(body): FieldsOf<AcceptIn>,
) -> Result<Wrote<Json<UserOut>>, Refusal> {
    let organisation = body
        .organization_id
        .map(OrganisationId::of)
        .ok_or_else(Refusal::unavailable)?;
    let id = body.user_id.map(AccountId::of).ok_or_else(Refusal::unavailable)?;
    let groups = body
        .permission_ids
        .unwrap_or_default()
        .into_iter()
        .map(GroupId::of)
        .collect();
    let appended = accept(&app, &caller, organisation, id, &groups).await?;
    let shown = shown(&app, id, &Seen::by(&reach)).await?;
    Ok(Wrote(appended.position, Json(shown)))
}
