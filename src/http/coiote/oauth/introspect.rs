//! `POST /oauth/introspect` (RFC 7662)

use axum::{Json, extract::State};
use serde::Serialize;
use server::{App, Form, Permitted, Present, ReadOnPath, Refusal, oauth::introspect};
use utoipa::ToSchema;

use super::revoke::Token;

/// What a token means. If it is not active, there is no more to know.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = OauthIntrospection)]
pub(crate) struct IntrospectionOut {
    /// Whether its bearer may do something by it alone.
    active: bool,
    /// The id of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// The login name of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Bearer")]
    token_type: Option<&'static str>,
    /// The API for which it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "coiote")]
    aud: Option<&'static str>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// When it was issued, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// When it expires, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// The id of its session.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

/// What a token of any of the APIs means. The caller needs the right to read this path, and may send a token of any of the APIs or be a service account. A token that counts only beside a certificate, or whose user
/// must do something else first, is not active.
#[utoipa::path(post, path = "/oauth/introspect", tag = "oauth",
    request_body(content = Token, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 200, description = "What it means", body = IntrospectionOut),
    (status = 400, description = "The form is not as it should be")
))]
pub(crate) async fn post_oauth_introspect(
    State(app): State<App>,
    Permitted(_caller, ()): Permitted<ReadOnPath>,
    form: Form,
) -> Result<Present<Json<IntrospectionOut>>, Refusal> {
    let found = introspect(&app, form.need("token")?).await?;
    let out = found.map(|found| IntrospectionOut {
        active: true,
        sub: Some(found.user.to_string()),
        username: Some(found.username),
        token_type: Some("Bearer"),
        aud: Some(found.audience.as_str()),
        iss: found.issuer,
        iat: Some(found.issued_at.seconds()),
        exp: Some(found.expires_at.seconds()),
        jti: Some(found.session.to_string()),
    });
    Ok(Present(Json(out.unwrap_or_default())))
}
