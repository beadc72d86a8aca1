//! `/api/v1/api-key-info`

mod organization;

use server::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(organization::get_organization_of_key))
}
