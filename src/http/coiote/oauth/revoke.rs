//! `POST /oauth/revoke` (RFC 7009)

use axum::{extract::State, http::StatusCode, response::Response};
use server::{App, Form, Origin, Refusal, oauth::revoke};
use utoipa::ToSchema;

use super::ended;

/// A token. Only the document has this type.
#[derive(ToSchema)]
#[schema(as = OauthToken)]
#[expect(dead_code, reason = "only the document has this type")]
pub(crate) struct Token {
    token: String,
    /// Not needed.
    #[schema(required = false, example = "access_token")]
    token_type_hint: Option<String>,
}

/// Ends a token of any of the APIs: whoever has it may do so. A token that is unknown or has ended is no error.
#[utoipa::path(post, path = "/oauth/revoke", tag = "oauth", security(()),
    request_body(content = Token, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 200, description = "The token is void"),
    (status = 400, description = "The form is not as it should be")
))]
pub(crate) async fn post_oauth_revoke(
    State(app): State<App>,
    origin: Origin,
    form: Form,
) -> Result<Response, Refusal> {
    let position = revoke(&app, &origin, form.need("token")?).await?;
    Ok(ended(position, StatusCode::OK))
}
