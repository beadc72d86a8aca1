//! The OpenAPI document, which the code makes, and the page that shows it.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderValue, header},
    middleware::map_response,
    response::{Redirect, Response},
    routing::get,
};
use server::{App, ErrorBody, Front, Page, broker_routes, described};
use utoipa::{OpenApi, openapi::OpenApi as Document};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::faces::FACES;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Muniment",
        description = "Identity and access server for IoT platforms on a tamper-evident event ledger.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(ErrorBody))
)]
struct Head;

/// The whole document.
pub fn document() -> Document {
    routes().into_openapi()
}

fn routes() -> OpenApiRouter<App> {
    described(Head::openapi(), FACES)
}

/// Everything that the server answers on the listener of all clients.
pub fn front_of(app: App) -> Front {
    Front::new(app, routes(), pages)
}

/// Everything that the server answers on the listener of brokers.
pub fn front_for_brokers(app: App) -> Front {
    let routes = broker_routes(app.faces).merge(system::health());
    Front::for_brokers(app, routes)
}

/// What the page of Swagger UI may load. React sets styles, and the style sheet has pictures in it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `/openapi.json`, and Swagger UI at `/api/v1/docs` with its assets in the binary.
fn pages(document: Document) -> Router<App> {
    let swagger: Router<App> = SwaggerUi::new("/api/v1/docs")
        .config(Config::from("/openapi.json"))
        .into();
    // A document in memory can be written.
    let document = Bytes::from(serde_json::to_vec(&document).unwrap_or_default());
    swagger
        .route_layer(map_response(async |mut answer: Response| {
            let policy = HeaderValue::from_static(POLICY);
            answer
                .headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, policy);
            answer
        }))
        .route("/api/v1", get(async || Redirect::temporary("/api/v1/docs/")))
        .route(
            "/openapi.json",
            get(async move || ([(header::CONTENT_TYPE, "application/json")], document)),
        )
        .route_layer(map_response(async |mut answer: Response| {
            answer.extensions_mut().insert(Page);
            answer
        }))
}
