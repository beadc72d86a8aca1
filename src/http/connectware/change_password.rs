//! `PUT /api/users/change-password`

use std::sync::Arc;

use aggregates::{
    Command, DomainError,
    user::{UserCommand, UserError},
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use server::{
    App, Caller, Conflicts, JsonBody, Refusal, RefusalKind, Refusals, SMALL_BODY, Wrote, done,
    identity::{Confirmed, confirm},
};

/// The old password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"password": "the old one", "newPassword": "a new one"}))]
pub(crate) struct PasswordChange {
    /// The old one.
    #[schema(value_type = String)]
    password: Zeroizing<String>,
    /// The new one, as the password policy wants it.
    #[schema(value_type = String)]
    new_password: Zeroizing<String>,
}

/// The caller replaces their own password. It needs no permission, but the old password. All other sessions of the caller end; with
/// HTTP Basic, all.
#[utoipa::path(put, path = "/api/users/change-password", tag = "users", request_body = PasswordChange,
    responses((status = 204, description = "Done"), Refusals, Conflicts))]
pub(crate) async fn put_change_password(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody<PasswordChange, SMALL_BODY>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let (verified, earlier) = match confirm(&app, &caller, body.password).await? {
        Confirmed::Right(verified, earlier) => (verified, earlier),
        Confirmed::NoPassword => return Err(DomainError::from(UserError::PasswordNotLocal).into()),
        Confirmed::Wrong => {
            let message = "the old password is wrong";
            return Err(Refusal::new(RefusalKind::Invalid, "wrong_password", message));
        }
    };
    let user = app.ledger().authorization().user(caller.user);
    let names: Vec<&str> = user.iter().map(|user| &*user.username).collect();
    let rules = Arc::clone(&app.live().password_rules);
    let last = std::iter::once(verified.clone()).chain(earlier);
    let new_password = rules.propose(&body.new_password, &names)?.unlike(last);
    let password_hash = caller.hash(&app, new_password).await?;
    let command = Command::User(
        caller.user,
        UserCommand::ChangePassword {
            verified,
            password_hash,
            session: caller.session,
        },
    );
    done(&app, &caller, vec![command]).await
}
