//! `PUT /api/v1/user/{id}`

use aggregates::values::AccountId;
use axum::{Json, extract::State};
use server::{
    App, PathOf, Permitted, Refusal, Wrote,
    organisations::{AccountChange, change_account},
};

use super::{UserIn, groups, shown};
use crate::{
    fields::FieldsOf,
    guard::{Person, USER_ADMIN},
    list::numeric,
    wire::{Seen, UserOut},
};

/// Changes a user. Whoever administers the users of all organisations of the user changes anything; whoever administers those of one changes
/// the user's groups there. Only a global administrator changes a global administrator.
#[utoipa::path(put, operation_id = "os2iot_put_user", path = "/api/v1/user/{id}", tag = "os2iot", request_body = UserIn,
    params(("id" = String, Path, description = "The number of the user", example = "7")),
    responses(
        (status = 200, description = "The user", body = UserOut),
        (status = 400, description = "`MESSAGE.EMAIL-ALREADY-IN-USE`, `MESSAGE.PASSWORD-DOES-NOT-MEET-REQUIREMENTS`, or a field breaks a rule"),
        (status = 404, description = "`MESSAGE.USER-DOES-NOT-EXIST`, for a global administrator")
    ))]
pub(crate) async fn put_user(
    State(app): State<App>,
    Permitted(caller, reach): Permitted<Person<USER_ADMIN>>,
    PathOf(id): PathOf<String>,
    FieldsOf(body): FieldsOf<UserIn>,
) -> Result<Wrote<Json<UserOut>>, Refusal> {
    let id = AccountId::of(numeric(&id)?);
    let change = AccountChange {
        name: body.name,
        email: body.email,
        password: body.password,
        is_active: body.active,
        expires_at: body.expires_on,
        // As published, whoever leaves it out takes it; but only a global administrator takes or gives it.
        is_global: match body.global_admin {
            Some(global) => Some(global),
            None => reach.is_global.then_some(false),
        },
        groups: Some(groups(body.permission_ids.as_ref())),
    };
    let appended = change_account(&app, &caller, id, change).await?;
    Ok(Wrote(
        appended.position,
        Json(shown(&app, id, &Seen::by(&reach)).await?),
    ))
}
