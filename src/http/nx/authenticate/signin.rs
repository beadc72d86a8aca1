//! `POST /auth/authenticate/signin`

use aggregates::values::Email;
use axum::{Json, extract::State};
use serde::Deserialize;
use server::{
    App, JsonBody, Origin, Refusal, SMALL_BODY, Wrote,
    identity::sign_in::{SignInRequest, sign_in},
    nx::user_of_email,
};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::TokensOut;
use crate::settings::{access, refresh_hours};

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[schema(as = NxSignIn)]
pub(crate) struct SignIn {
    /// The e-mail address of the account, or the username.
    #[serde(rename = "Username")]
    #[schema(example = "ada")]
    username: Option<String>,
    /// The same, under the name that older clients use. It counts if there is no `Username`.
    #[serde(rename = "Email")]
    email: Option<String>,
    /// The password.
    #[serde(rename = "Password")]
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// Whether the refresh token should be valid for long. Without it, it is not.
    #[serde(rename = "KeepLoggedIn")]
    keep_logged_in: Option<bool>,
}

/// Signs in with a username and a password. A user who has enrolled a second factor cannot sign in here, since this operation has no place for a
/// code.
#[utoipa::path(post, operation_id = "nx_post_signin", path = "/auth/authenticate/signin", tag = "nx", security(()), request_body = SignIn, responses(
    (status = 200, description = "The tokens", body = TokensOut),
    (status = 401, description = "The username or the password is wrong, or the user may not sign in this way")
))]
pub(crate) async fn post_signin(
    State(app): State<App>,
    origin: Origin,
    JsonBody(body): JsonBody<SignIn, SMALL_BODY>,
) -> Result<Wrote<Json<TokensOut>>, Refusal> {
    let missing = |field| Refusal::invalid(format!("{field} is required")).in_field(field);
    let username = body.username.or(body.email).ok_or_else(|| missing("Username"))?;
    let password = body.password.ok_or_else(|| missing("Password"))?;
    let username = username_of(&app, &username).await?;
    let request = SignInRequest {
        username: &username,
        password,
        hours: refresh_hours(&app, body.keep_logged_in.unwrap_or(false)),
        access: access(&app),
    };
    let signed_in = sign_in(&app, request, &origin).await?;
    Ok(Wrote(signed_in.position, Json(signed_in.into())))
}

/// The username that is meant: as it was typed if it is one, or else of the user who has this address. So whoever signs up with an address that is
/// also the name of another user takes nothing from them.
async fn username_of(app: &App, typed: &str) -> Result<String, Refusal> {
    let user = match Email::parse(typed) {
        Ok(email) => user_of_email(app, &email).await?,
        Err(_) => None,
    };
    let authorization = app.ledger().authorization();
    let username = match authorization.user_by_name(typed) {
        Some(_) => None,
        None => user.and_then(|user| authorization.username(user)),
    };
    Ok(username.unwrap_or_else(|| typed.to_owned()))
}
