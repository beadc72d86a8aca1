//! `/auth/admin`

mod agreements;
mod licenses;

use server::App;
use utoipa_axum::router::OpenApiRouter;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(agreements::routes())
        .merge(licenses::routes())
}
