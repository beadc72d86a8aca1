//! `GET /.well-known/oauth-authorization-server` (RFC 8414)

use axum::{Json, extract::State};
use serde::Serialize;
use server::{App, Reached, oauth::issuer};
use utoipa::ToSchema;

use crate::oauth::TOKEN_EXCHANGE;

/// What clients of OAuth 2.0 need to know.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OauthMetadata)]
pub(crate) struct MetadataOut {
    /// The setting `public_url`, or else the address at which the request arrived.
    #[schema(example = "https://id.example.com")]
    issuer: String,
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    jwks_uri: String,
    grant_types_supported: &'static [&'static str],
    token_endpoint_auth_methods_supported: &'static [&'static str],
    introspection_endpoint_auth_methods_supported: &'static [&'static str],
    revocation_endpoint_auth_methods_supported: &'static [&'static str],
    /// None: there is no authorization endpoint.
    response_types_supported: &'static [&'static str],
}

/// Where the endpoints of OAuth 2.0 are, and what they know.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "oauth", security(()), responses(
    (status = 200, description = "The metadata", body = MetadataOut)
))]
pub(crate) async fn get_oauth_metadata(State(app): State<App>, reached: Reached) -> Json<MetadataOut> {
    let issuer = issuer(&app, &reached);
    let endpoint = |path: &str| format!("{issuer}{path}");
    Json(MetadataOut {
        token_endpoint: endpoint("/oauth/token"),
        introspection_endpoint: endpoint("/oauth/introspect"),
        revocation_endpoint: endpoint("/oauth/revoke"),
        jwks_uri: endpoint("/.well-known/jwks.json"),
        grant_types_supported: &["client_credentials", TOKEN_EXCHANGE],
        token_endpoint_auth_methods_supported: &[
            "client_secret_basic",
            "client_secret_post",
            "self_signed_tls_client_auth",
        ],
        introspection_endpoint_auth_methods_supported: &["client_secret_basic"],
        revocation_endpoint_auth_methods_supported: &["none"],
        response_types_supported: &[],
        issuer,
    })
}
