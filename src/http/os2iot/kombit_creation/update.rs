//! `PUT /api/v1/kombitCreation/updateUserOrgs`

use axum::{Json, extract::State};
use server::{App, Caller, Refusal, Wrote, organisations::request_organisations};

use super::RequestIn;
use crate::{
    auth::own_account,
    fields::FieldsOf,
    user::shown,
    wire::{Seen, UserOut},
};

/// The caller asks to be let into more organisations.
#[utoipa::path(put, operation_id = "os2iot_put_update", path = "/api/v1/kombitCreation/updateUserOrgs", tag = "os2iot", request_body = RequestIn, responses(
    (status = 200, description = "The caller", body = UserOut),
    (status = 404, description = "`MESSAGE.ORGANIZATION-DOES-NOT-EXISTS`")
))]
pub(crate) async fn put_update(
    State(app): State<App>,
    caller: Caller,
    FieldsOf(body): FieldsOf<RequestIn>,
) -> Result<Wrote<Json<UserOut>>, Refusal> {
    let (id, _) = own_account(&app, &caller).await?;
    let appended = request_organisations(&app, &caller, id, body.organisations(), None).await?;
    Ok(Wrote(appended.position, Json(shown(&app, id, &Seen::All).await?)))
}
