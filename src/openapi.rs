//! The OpenAPI documents, which the code makes, and the page that shows them.

use axum::{
    Router,
    body::Bytes,
    http::{HeaderValue, header},
    middleware::map_response,
    response::{Redirect, Response},
    routing::{MethodRouter, get},
};
use server::{App, ErrorBody, Front, Page, broker_routes, described, document_of};
use utoipa::{OpenApi, openapi::OpenApi as Document};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use crate::faces::{FACES, OS2IOT};

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

#[derive(OpenApi)]
#[openapi(info(
    title = "OS2iot",
    description = "The API of the OS2iot backend, as Muniment serves it.",
    license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
))]
struct HeadOfOs2iot;

/// The whole document.
pub fn document() -> Document {
    routes().into_openapi()
}

/// The document of the API of OS2iot alone.
pub fn document_of_os2iot() -> Document {
    document_of(HeadOfOs2iot::openapi(), OS2IOT)
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

/// The path of the document of OS2iot's API, as its backend has it.
const DOCS_JSON: &str = "/api/v1/docs-json";

/// `/openapi.json`, `/api/v1/docs-json`, and Swagger UI at `/api/v1/docs` with its assets in the binary. Both connectware and OS2iot publish the
/// page at this path. So one page shows both documents: OS2iot's first, since it is the one of the two that lies beside the page.
fn pages(document: Document) -> Router<App> {
    let documents = [
        Url::with_primary("OS2iot", DOCS_JSON, true),
        Url::new("Muniment", "/openapi.json"),
    ];
    let swagger: Router<App> = SwaggerUi::new("/api/v1/docs")
        .config(Config::new(documents))
        .into();
    swagger
        .route_layer(map_response(async |mut answer: Response| {
            let policy = HeaderValue::from_static(POLICY);
            answer
                .headers_mut()
                .insert(header::CONTENT_SECURITY_POLICY, policy);
            answer
        }))
        .route("/api/v1", get(async || Redirect::temporary("/api/v1/docs/")))
        .route("/openapi.json", written(&document))
        .route(DOCS_JSON, written(&document_of_os2iot()))
        .route_layer(map_response(async |mut answer: Response| {
            answer.extensions_mut().insert(Page);
            answer
        }))
}

/// Answers a document.
fn written(document: &Document) -> MethodRouter<App> {
    // A document in memory can be written.
    let document = Bytes::from(serde_json::to_vec(document).unwrap_or_default());
    get(async move || ([(header::CONTENT_TYPE, "application/json")], document))
}
