//! `GET /access/forward/traefik`: the request of `forwardAuth` of Traefik.

use axum::{extract::State, http::request::Parts, response::Response};
use server::{App, Permitted, Refusal, forward::Forwarded};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ask::{Headers, must_not_mislead},
    permitted::{MayPass, Proxy, pass},
};

/// What Traefik sends, in the place of what the client may have sent under these names.
const HEADERS: Headers = Headers {
    method: "x-forwarded-method",
    target: "x-forwarded-uri",
};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Traefik;

impl Proxy for Traefik {
    fn asked(parts: &Parts) -> Result<Forwarded<'_>, Refusal> {
        must_not_mislead(&parts.headers, &["x-original-method", "x-original-uri"])?;
        HEADERS.read(parts)
    }
}

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ask_traefik))
}

/// Whether the request may pass that Traefik has got. The answer has no body.
#[utoipa::path(get, path = "/access/forward/traefik", tag = "forward",
    params(
        ("X-Forwarded-Method" = Option<String>, Header, description = "Traefik sends it"),
        ("X-Forwarded-Uri" = Option<String>, Header, description = "Traefik sends it"),
        ("CDM-Context-Domain" = Option<String>, Header, description = "The domain in which a request to Coiote IoT DM acts"),
    ),
    responses((status = 200, description = "It may pass", headers(
        ("Muniment-User" = String, description = "The login name of the caller"),
        ("Muniment-User-Id" = String, description = "The id of the caller"),
    ))))]
async fn ask_traefik(
    State(app): State<App>,
    Permitted(caller, ()): Permitted<MayPass<Traefik>>,
) -> Result<Response, Refusal> {
    pass(&app, &caller)
}
