//! `/auth/admin/agreements`

mod list;
mod post;

use server::App;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::get_agreements))
        .routes(routes!(post::post_agreement))
}
