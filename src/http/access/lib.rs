//! The AuthZEN Authorization API 1.0 (`/access/v1`): enforcement points ask what a subject may do.
//!
//! The requests are POSTs, but they only read. So a caller needs `read` on the path in context `http`
//! (`PermittedToRead`).

mod changes;
mod configuration;
mod dry_run;
mod evaluate;
mod evaluation;
mod evaluations;
mod explanation;
mod properties;
mod search;
mod wire;

use aggregates::values::Audience;
use server::{App, Credential, Face, Refusal, code_and_message};
use tokio::sync::Semaphore;
use utoipa_axum::{router::OpenApiRouter, routes};

/// This face. Its callers have tokens of the connectware face.
pub const FACE: Face = Face {
    name: "access",
    mounts: &["/access", "/.well-known/authzen-configuration"],
    routes,
    tags: &[("access", "Who may do what (AuthZEN Authorization API 1.0)")],
    credentials: &[
        Credential::Bearer,
        Credential::Basic,
        Credential::Query("apiToken"),
    ],
    audience: Audience::Connectware,
    refuse: code_and_message,
    public: &[("get", "/.well-known/authzen-configuration")],
    own: &[],
    rehearsals: &[],
    settings: &[],
    first_start: |_| Ok(Vec::new()),
};

/// How many questions that look at all users are answered at the same time. They run on other threads than those that
/// serve requests.
static HEAVY: Semaphore = Semaphore::const_new(2);

/// Waits for its turn, then answers a question that may look at all users.
async fn heavy<T: Send + 'static>(answer: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    let turn = HEAVY
        .acquire()
        .await
        .map_err(|closed| Refusal::unavailable().because(closed))?;
    let answered = tokio::task::spawn_blocking(move || {
        // The turn lasts until the work is done, even if the client has gone.
        let _turn = turn;
        answer()
    });
    answered
        .await
        .map_err(|panicked| Refusal::unavailable().because(panicked))
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(evaluations::post_evaluations))
        .routes(routes!(evaluation::post_evaluation))
        .merge(search::routes())
        .routes(routes!(changes::get_changes))
        .routes(routes!(dry_run::post_dry_run))
        .routes(routes!(configuration::get_configuration))
}
