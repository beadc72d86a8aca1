//! `/access/forward/envoy/{*path}`: the request of `ext_authz` of Envoy over HTTP, with the method of the client and its path after the
//! prefix.

use axum::{extract::State, http::request::Parts, response::Response};
use server::{App, Permitted, Refusal, forward::Forwarded};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ask::{below, must_not_mislead},
    permitted::{MayPass, Proxy, pass},
};

/// What Envoy puts before the path.
const PREFIX: &str = "/access/forward/envoy";

#[derive(Clone, Copy, Debug)]
pub(crate) struct Envoy;

impl Proxy for Envoy {
    fn asked(parts: &Parts) -> Result<Forwarded<'_>, Refusal> {
        let of_others = [
            "x-original-method",
            "x-original-uri",
            "x-forwarded-method",
            "x-forwarded-uri",
        ];
        must_not_mislead(&parts.headers, &of_others)?;
        below(PREFIX, parts)
    }
}

pub(crate) fn routes() -> OpenApiRouter<App> {
    let mut routes = OpenApiRouter::new().routes(routes!(ask_envoy));
    // The document needs a name for each method.
    for item in routes.get_openapi_mut().paths.paths.values_mut() {
        for (method, operation) in [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
        ] {
            if let Some(operation) = operation {
                operation.operation_id = Some(format!("ask_envoy_{method}"));
            }
        }
    }
    routes
}

/// Whether the request may pass that Envoy has got. The answer has no body.
#[utoipa::path(method(get, put, post, delete, patch), path = "/access/forward/envoy/{*path}", tag = "forward",
    params(
        ("path" = String, Path, description = "The path that the client asked for"),
        ("CDM-Context-Domain" = Option<String>, Header, description = "The domain in which a request to Coiote IoT DM acts"),
    ),
    responses((status = 200, description = "It may pass", headers(
        ("Muniment-User" = String, description = "The login name of the caller"),
        ("Muniment-User-Id" = String, description = "The id of the caller"),
    ))))]
async fn ask_envoy(
    State(app): State<App>,
    Permitted(caller, ()): Permitted<MayPass<Envoy>>,
) -> Result<Response, Refusal> {
    pass(&app, &caller)
}
