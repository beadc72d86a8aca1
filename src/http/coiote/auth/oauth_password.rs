//! `POST /api/auth/oauth_password`

use aggregates::values::TokenLabel;
use axum::{Json, extract::State, http::StatusCode};
use serde::Serialize;
use server::{
    App, Form, Origin, Reached, Refusal, RefusalKind, Wrote,
    identity::{LogIn, Owing, log_in_without_code, tokens::InToken},
    oauth::issuer,
};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::{
    oauth::must_have_no_scope,
    refuse::{INVALID_GRANT, UNSUPPORTED_GRANT_TYPE},
    settings::lifetime,
};

/// The only type of grant.
const PASSWORD: &str = "password";

/// A login. Only the document has this type.
#[derive(ToSchema)]
#[schema(as = CoioteLogin)]
#[expect(dead_code, reason = "only the document has this type")]
pub(crate) struct Login {
    /// `password`. The official client leaves it out.
    #[schema(required = false, example = "password")]
    grant_type: Option<String>,
    #[schema(example = "ada")]
    username: String,
    password: String,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[schema(as = CoioteToken)]
pub(crate) struct TokenOut {
    /// A JWT, to be sent as `Authorization: Bearer`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds, as a text.
    #[schema(example = "300")]
    expires_in: String,
}

/// Gives a token for the API of Coiote IoT DM to the user of a username and password. A user who has enrolled a second factor, or must enrol one or
/// change the password first, is refused: this API has no place for a code or for another password.
#[utoipa::path(post, path = "/api/auth/oauth_password", tag = "oauth", security(()),
    request_body(content = Login, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 201, description = "The token", body = TokenOut),
    (status = 400, description = "The form is not as it should be, `grant_type` is another one, or the user has too many valid tokens"),
    (status = 401, description = "The username or the password is wrong, or not enough (`invalid_grant`)"),
    (status = 429, description = "Too many are logging in; see Retry-After")
))]
pub(crate) async fn post_oauth_password(
    State(app): State<App>,
    origin: Origin,
    reached: Reached,
    form: Form,
) -> Result<Wrote<(StatusCode, Json<TokenOut>)>, Refusal> {
    if form.one("grant_type")?.is_some_and(|given| given != PASSWORD) {
        let message = "grant_type must be password, or be left out";
        return Err(Refusal::new(
            RefusalKind::Invalid,
            UNSUPPORTED_GRANT_TYPE,
            message,
        ));
    }
    must_have_no_scope(&form)?;
    let request = LogIn {
        username: form.need("username")?,
        password: Zeroizing::new(form.need("password")?.to_owned()),
        lifetime: lifetime(&app),
        label: TokenLabel::default(),
        in_token: InToken::by(issuer(&app, &reached)),
        owing: Owing::Refused,
    };
    let logged_in = log_in_without_code(&app, request, &origin).await;
    let logged_in = logged_in.map_err(|error| {
        let mut refusal = Refusal::from(error);
        if refusal.kind == RefusalKind::Unauthenticated {
            refusal.code = INVALID_GRANT;
        }
        refusal
    })?;
    let out = TokenOut {
        access_token: logged_in.token,
        token_type: "Bearer",
        expires_in: logged_in.lifetime.as_secs().to_string(),
    };
    Ok(Wrote(logged_in.position, (StatusCode::CREATED, Json(out))))
}
