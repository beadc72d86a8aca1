//! The OpenAPI document, made from the code, and the page that shows it.

use axum::Router;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_swagger_ui::SwaggerUi;

use server::ErrorBody;

use crate::router::described;
use server::app::App;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Muniment",
        description = "Identity and access server for IoT platforms on a tamper-evident event ledger.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ErrorBody)),
    modifiers(&Credentials),
    security(("bearer" = []), ("basic" = []), ("apiToken" = [])),
    tags(
        (name = "users", description = "People and machines, and what they hold"),
        (name = "roles", description = "Named sets of permissions"),
        (name = "permissions", description = "Permissions, asked from the side of what they allow"),
        (name = "login", description = "Logging in, and the session"),
        (name = "access", description = "Who may do what (AuthZEN Authorization API 1.0)"),
        (name = "audit", description = "Reading the ledger"),
        (name = "system", description = "Keys and health")
    )
)]
struct Head;

/// How a caller proves who they are.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        let http = |scheme, format: Option<&str>| {
            let mut builder = HttpBuilder::new().scheme(scheme);
            if let Some(format) = format {
                builder = builder.bearer_format(format);
            }
            SecurityScheme::Http(builder.build())
        };
        components.add_security_scheme("bearer", http(HttpAuthScheme::Bearer, Some("JWT")));
        components.add_security_scheme("basic", http(HttpAuthScheme::Basic, None));
        let in_query = SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::new("apiToken")));
        components.add_security_scheme("apiToken", in_query);
    }
}

/// The document before any route.
pub(super) fn head() -> Document {
    Head::openapi()
}

/// The whole document.
pub fn document() -> Document {
    described().into_openapi()
}

/// `/openapi.json`, and Swagger UI at `/api/v1/docs` with its assets in the binary.
pub(super) fn pages(document: Document) -> Router<App> {
    SwaggerUi::new("/api/v1/docs")
        .url("/openapi.json", document)
        .into()
}
