//! `GET /access/forward/nginx`: the subrequest of `auth_request` of nginx.

use axum::{extract::State, http::request::Parts, response::Response};
use server::{App, Permitted, Refusal, forward::Forwarded};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ask::{Headers, must_not_mislead},
    permitted::{MayPass, Proxy, pass},
};

/// What docs/proxies.md lets nginx send.
const HEADERS: Headers = Headers {
    method: "x-original-method",
    target: "x-original-uri",
};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Nginx;

impl Proxy for Nginx {
    /// `X-Forwarded-*` is not read: clients can send it, and it is usual behind nginx.
    fn asked(parts: &Parts) -> Result<Forwarded<'_>, Refusal> {
        must_not_mislead(&parts.headers, &[])?;
        HEADERS.read(parts)
    }
}

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ask_nginx))
}

/// Whether the request may pass that nginx has got. The answer has no body.
#[utoipa::path(get, path = "/access/forward/nginx", tag = "forward",
    params(
        ("X-Original-Method" = Option<String>, Header, description = "`$request_method`"),
        ("X-Original-URI" = Option<String>, Header, description = "`$request_uri`"),
        ("CDM-Context-Domain" = Option<String>, Header, description = "The domain in which a request to Coiote IoT DM acts"),
    ),
    responses((status = 200, description = "It may pass", headers(
        ("Muniment-User" = String, description = "The login name of the caller"),
        ("Muniment-User-Id" = String, description = "The id of the caller"),
    ))))]
async fn ask_nginx(
    State(app): State<App>,
    Permitted(caller, ()): Permitted<MayPass<Nginx>>,
) -> Result<Response, Refusal> {
    pass(&app, &caller)
}
