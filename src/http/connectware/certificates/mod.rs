//! `/api/certificates`: the authorities that this server trusts, and the certificates that it issued.

mod content;
mod delete;
mod issue;
mod issued;
mod list;
mod post;
mod revoke;
mod wire;

use server::App;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The routes of this folder.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(
            list::get_certificates,
            post::post_certificates,
            delete::delete_certificate_of_authority
        ))
        .routes(routes!(content::get_content))
        .routes(routes!(issued::get_issued, issue::post_issued))
        .routes(routes!(revoke::delete_issued))
}
