//! `POST /iam/realms/{realm}/protocol/openid-connect/token`, and `POST /oauth/token` for clients that know no realm

use axum::{Json, extract::State};
use serde::Serialize;
use server::{
    App, Form, Origin, PathOf, Reached, Refusal, RefusalKind, Wrote,
    identity::{LoggedIn, tokens::InToken},
    oauth::{
        ClientAuthorization, EXCHANGED_FOR, INVALID_CLIENT, Shown, client_credentials, exchange, issuer,
        prove_client,
    },
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::must_have_no_scope;
use crate::{
    refuse::{INVALID_TARGET, UNSUPPORTED_GRANT_TYPE},
    settings::lifetime,
};

/// The grant of a service account.
const CLIENT_CREDENTIALS: &str = "client_credentials";
/// The grant of the bearer of another token (RFC 8693).
pub(crate) const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The type of the tokens of this server, when they are exchanged.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// Another name of the same type, since these tokens are JWTs.
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// A question for a token. Only the document has this type.
#[derive(ToSchema)]
#[schema(as = OauthTokenRequest)]
#[expect(dead_code, reason = "only the document has this type")]
pub(crate) struct TokenRequest {
    #[schema(example = "client_credentials")]
    grant_type: String,
    /// The id of the service account, unless it is in `Authorization: Basic`.
    #[schema(required = false)]
    client_id: Option<String>,
    /// Its secret, unless that is in `Authorization: Basic`, or the client shows a certificate on the connection.
    #[schema(required = false)]
    client_secret: Option<String>,
    /// To exchange a token: the token. Only a realm needs `client_id` then.
    #[schema(required = false)]
    subject_token: Option<String>,
    /// To exchange a token: that it is a token of this server.
    #[schema(required = false, example = "urn:ietf:params:oauth:token-type:access_token")]
    subject_token_type: Option<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
#[schema(as = OauthTokenResponse)]
pub(crate) struct TokenOut {
    /// A JWT, to be sent as `Authorization: Bearer`.
    access_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds.
    #[schema(example = 300)]
    expires_in: u64,
    /// Only there if a token was exchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "urn:ietf:params:oauth:token-type:access_token")]
    issued_token_type: Option<&'static str>,
}

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(post_oauth_token_of_realm))
        .routes(routes!(post_oauth_token))
}

/// Gives a token to a service account of the realm, by its secret or by a certificate of its user; or, in exchange for a token of this server for another API, to a service account of the
/// realm that has that token. The new token is valid for no longer than the other one.
#[utoipa::path(post, path = "/iam/realms/{realm}/protocol/openid-connect/token", tag = "oauth", security(()),
    params(("realm" = String, Path, description = "The realm of the service account")),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 200, description = "The token", body = TokenOut),
    (status = 400, description = "The form is not as it should be, `grant_type` is another one, or the account has too many valid tokens"),
    (status = 401, description = "The client did not prove who it is (`invalid_client`)")
))]
async fn post_oauth_token_of_realm(
    State(app): State<App>,
    origin: Origin,
    PathOf(realm): PathOf<String>,
    client: ClientAuthorization,
    reached: Reached,
    form: Form,
) -> Result<Wrote<Json<TokenOut>>, Refusal> {
    grant(
        &app,
        &origin,
        Some(&realm),
        &client,
        &issuer(&app, &reached),
        &form,
    )
    .await
}

/// The same for a service account of any realm. Whoever exchanges a token here need not be a service account.
#[utoipa::path(post, path = "/oauth/token", tag = "oauth", security(()),
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 200, description = "The token", body = TokenOut),
    (status = 400, description = "The form is not as it should be, `grant_type` is another one, or the account has too many valid tokens"),
    (status = 401, description = "The client did not prove who it is (`invalid_client`)")
))]
async fn post_oauth_token(
    State(app): State<App>,
    origin: Origin,
    client: ClientAuthorization,
    reached: Reached,
    form: Form,
) -> Result<Wrote<Json<TokenOut>>, Refusal> {
    grant(&app, &origin, None, &client, &issuer(&app, &reached), &form).await
}

async fn grant(
    app: &App,
    origin: &Origin,
    realm: Option<&str>,
    client: &ClientAuthorization,
    issuer: &str,
    form: &Form,
) -> Result<Wrote<Json<TokenOut>>, Refusal> {
    let grant_type = form.need("grant_type")?;
    must_have_no_scope(form)?;
    let in_token = InToken::by(issuer);
    match grant_type {
        CLIENT_CREDENTIALS => {
            let shown = shown(client, form, realm)?;
            let granted = client_credentials(app, origin, &shown, lifetime(app), &in_token).await?;
            Ok(out(granted, None))
        }
        TOKEN_EXCHANGE => {
            let token = to_exchange(form)?;
            // Whoever says that they are a client must prove it, and so must whoever asks a realm. Nobody else needs to be one.
            let says_so = client.shown()?.is_some()
                || form.one("client_id")?.is_some()
                || form.one("client_secret")?.is_some();
            if says_so || realm.is_some() {
                prove_client(app, origin, &shown(client, form, realm)?).await?;
            }
            let granted = exchange(app, origin, token, lifetime(app), &in_token).await?;
            Ok(out(granted, Some(ACCESS_TOKEN)))
        }
        _ => {
            let message = "grant_type must be client_credentials or that of a token exchange";
            Err(Refusal::new(
                RefusalKind::Invalid,
                UNSUPPORTED_GRANT_TYPE,
                message,
            ))
        }
    }
}

/// The token to exchange. Each parameter that asks for more than another token of the same bearer is refused (RFC 8693 section 2.1).
fn to_exchange(form: &Form) -> Result<&str, Refusal> {
    if ![ACCESS_TOKEN, JWT].contains(&form.need("subject_token_type")?) {
        return Err(Refusal::invalid(
            "subject_token_type must be that of an access token",
        ));
    }
    if form.one("actor_token")?.is_some() || form.one("actor_token_type")?.is_some() {
        return Err(Refusal::invalid(
            "nobody acts for somebody else here: there is no actor_token",
        ));
    }
    let wanted = form.one("requested_token_type")?;
    if wanted.is_some_and(|wanted| ![ACCESS_TOKEN, JWT].contains(&wanted)) {
        return Err(Refusal::invalid(
            "requested_token_type must be that of an access token",
        ));
    }
    let is_other = form
        .one("audience")?
        .is_some_and(|audience| audience != EXCHANGED_FOR.as_str());
    if is_other || form.one("resource")?.is_some() {
        let message = "tokens are exchanged for those of the audience coiote only";
        return Err(Refusal::new(RefusalKind::Invalid, INVALID_TARGET, message));
    }
    form.need("subject_token")
}

/// What the client shows: in the header or in the form, and not in both (RFC 6749 section 2.3).
fn shown<'a>(
    client: &'a ClientAuthorization,
    form: &'a Form,
    realm: Option<&'a str>,
) -> Result<Shown<'a>, Refusal> {
    let (id, secret) = (form.one("client_id")?, form.one("client_secret")?);
    match (client.shown()?, id, secret) {
        (Some(_), _, Some(_)) => Err(Refusal::invalid("the client must prove in one way who it is")),
        (Some((basic, _)), Some(id), None) if basic != id => Err(Refusal::invalid(
            "client_id must be that of the Authorization header",
        )),
        (Some((id, secret)), _, None) => Ok(Shown {
            id,
            secret: Some(secret),
            realm,
        }),
        (None, Some(id), secret) => Ok(Shown { id, secret, realm }),
        (None, None, _) => Err(Refusal::new(
            RefusalKind::Unauthenticated,
            INVALID_CLIENT,
            "the client did not say who it is",
        )),
    }
}

fn out(granted: LoggedIn, issued_token_type: Option<&'static str>) -> Wrote<Json<TokenOut>> {
    let out = TokenOut {
        access_token: granted.token,
        token_type: "Bearer",
        expires_in: granted.lifetime.as_secs(),
        issued_token_type,
    };
    Wrote(granted.position, Json(out))
}
