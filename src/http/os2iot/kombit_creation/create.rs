//! `PUT /api/v1/kombitCreation/createNewKombitUser`

use axum::{Json, extract::State};
use server::{App, Caller, Refusal, Wrote, organisations::request_organisations};

use super::RequestIn;
use crate::{
    auth::own_account,
    fields::FieldsOf,
    user::shown,
    wire::{Seen, UserOut},
};

/// The caller gives an address, if they have none, and asks to be let into organisations.
#[utoipa::path(put, operation_id = "os2iot_put_create", path = "/api/v1/kombitCreation/createNewKombitUser", tag = "os2iot", request_body = RequestIn, responses(
    (status = 200, description = "The caller", body = UserOut),
    (status = 400, description = "`MESSAGE.USER-ALREADY-HAVE-MAIL`, `MESSAGE.EMAIL-ALREADY-IN-USE`, or a field breaks a rule")
))]
pub(crate) async fn put_create(
    State(app): State<App>,
    caller: Caller,
    FieldsOf(body): FieldsOf<RequestIn>,
) -> Result<Wrote<Json<UserOut>>, Refusal> {
    let (id, _) = own_account(&app, &caller).await?;
    let organisations = body.organisations();
    let appended = request_organisations(&app, &caller, id, organisations, body.email).await?;
    Ok(Wrote(appended.position, Json(shown(&app, id, &Seen::All).await?)))
}
