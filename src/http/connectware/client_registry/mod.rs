//! `/api/client-registry`

mod close;
mod confirm;
mod list;
mod open;
mod register;
mod reject;

use utoipa_axum::{router::OpenApiRouter, routes};

use self::{close::Closing, confirm::Confirmation, open::Opening, reject::Rejection};
use server::{App, Rehearsal};

/// The routes of this folder.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::get_client_registry))
        .routes(routes!(register::post_register))
        .routes(routes!(open::post_open))
        .routes(routes!(close::post_close))
        .routes(routes!(confirm::post_confirm))
        .routes(routes!(reject::post_reject))
}

/// The requests of this folder that can be rehearsed.
pub(super) const REHEARSALS: &[Rehearsal] = &[
    Rehearsal::with_body::<_, Opening>("POST", "/api/client-registry/open"),
    Rehearsal::without_body::<_, Closing>("POST", "/api/client-registry/close"),
    Rehearsal::with_body::<_, Confirmation>("POST", "/api/client-registry/confirm"),
    Rehearsal::with_body::<_, Rejection>("POST", "/api/client-registry/reject"),
];
