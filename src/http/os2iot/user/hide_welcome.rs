//! `PUT /api/v1/user/{id}/hide-welcome`

use axum::{Json, extract::State};
use server::{App, Caller, PathOf, Refusal, Wrote, organisations::hide_welcome};

use crate::{auth::own_account, list::numeric};

/// The caller does not want to see the welcome again. As published, this is about the caller, whatever the number says.
#[utoipa::path(put, operation_id = "os2iot_put_hide_welcome", path = "/api/v1/user/{id}/hide-welcome", tag = "os2iot",
    params(("id" = String, Path, description = "A number", example = "7")),
    responses((status = 200, description = "`true`", body = bool)))]
pub(crate) async fn put_hide_welcome(
    State(app): State<App>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Wrote<Json<bool>>, Refusal> {
    numeric(&id)?;
    let (own, _) = own_account(&app, &caller).await?;
    let appended = hide_welcome(&app, &caller, own).await?;
    Ok(Wrote(appended.position, Json(true)))
}
