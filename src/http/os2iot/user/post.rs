//! `POST /api/v1/user`

use axum::{Json, extract::State, http::StatusCode};
use server::{
    App, Permitted, Refusal, RefusalKind, Wrote,
    organisations::{NewAccount, open_account},
};

use super::{NewUserIn, groups, shown};
use crate::{
    fields::FieldsOf,
    guard::{Person, USER_ADMIN},
    wire::{Seen, UserOut},
};

/// Makes a user.
#[utoipa::path(post, operation_id = "os2iot_post_user", path = "/api/v1/user", tag = "os2iot", request_body = NewUserIn, responses(
    (status = 201, description = "The user", body = UserOut),
    (status = 400, description = "`MESSAGE.USER-ALREADY-EXISTS`, or a field breaks a rule")
))]
pub(crate) async fn post_user(
    State(app): State<App>,
    Permitted(caller, reach): Permitted<Person<USER_ADMIN>>,
    FieldsOf(body): FieldsOf<NewUserIn>,
) -> Result<Wrote<(StatusCode, Json<UserOut>)>, Refusal> {
    let new = NewAccount {
        name: body.name.ok_or_else(Refusal::unavailable)?,
        email: body.email.ok_or_else(Refusal::unavailable)?,
        password: body.password.ok_or_else(Refusal::unavailable)?,
        is_active: body.active.unwrap_or(false),
        expires_at: body.expires_on.flatten(),
        is_global: body.global_admin.unwrap_or(false),
        groups: groups(body.permission_ids.as_ref()),
    };
    let opened = open_account(&app, &caller, new).await;
    let (id, appended) = opened.map_err(|refusal| match refusal.code {
        "email_taken" => Refusal::new(RefusalKind::Invalid, "user_exists", "MESSAGE.USER-ALREADY-EXISTS"),
        _ => refusal,
    })?;
    let made = shown(&app, id, &Seen::by(&reach)).await?;
    Ok(Wrote(appended.position, (StatusCode::CREATED, Json(made))))
}
