//! `GET /api/v1/` and `GET /api/v1/healthcheck`

use axum::extract::State;
use server::{App, Refusal};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_root))
        .routes(routes!(get_healthcheck))
}

/// Says where the documentation is.
#[utoipa::path(get, operation_id = "os2iot_get_root", path = "/api/v1/", tag = "os2iot", security(()), responses(
    (status = 200, description = "A text", body = String, content_type = "text/plain")
))]
async fn get_root() -> &'static str {
    "OS2iot API of Muniment. The documentation is at /api/v1/docs.\n"
}

/// Whether this node can answer: it has read the ledger lately.
#[utoipa::path(get, operation_id = "os2iot_get_healthcheck", path = "/api/v1/healthcheck", tag = "os2iot", security(()), responses(
    (status = 200, description = "`OK`", body = String, content_type = "text/plain"),
    (status = 503, description = "This node cannot answer")
))]
async fn get_healthcheck(State(app): State<App>) -> Result<&'static str, Refusal> {
    app.fresh()?;
    Ok("OK")
}
