//! `GET /auth/cloud/status`

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::Serialize;
use server::App;
use utoipa::ToSchema;

/// How the server is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NxStatus)]
pub(crate) struct StatusOut {
    /// Whether the server answers other requests, too.
    #[serde(rename = "Online")]
    online: bool,
    /// The parts of the server, and whether each works.
    #[serde(rename = "Services")]
    services: BTreeMap<&'static str, bool>,
}

/// How the server is: `Ledger` is whether it knows the newest state. Anybody may ask.
#[utoipa::path(get, operation_id = "nx_get_status", path = "/auth/cloud/status", tag = "nx", security(()),
    responses((status = 200, description = "The status", body = StatusOut)))]
pub(crate) async fn get_status(State(app): State<App>) -> Json<StatusOut> {
    let online = app.fresh().is_ok();
    Json(StatusOut {
        online,
        services: BTreeMap::from([("Ledger", online)]),
    })
}
