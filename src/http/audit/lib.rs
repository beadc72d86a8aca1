//! Reading the ledger over HTTP.

mod events;

use utoipa_axum::{router::OpenApiRouter, routes};

use server::app::App;

/// The routes of this module.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events::get_events))
}
