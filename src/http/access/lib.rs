//! The AuthZEN Authorization API 1.0 (`/access/v1`): what a subject may do, asked by whoever enforces it.
//!
//! Asking is reading: a caller needs `read` on the path in context `http`, though the requests are POSTs.

mod changes;
mod configuration;
mod dry_run;
mod evaluate;
mod evaluation;
mod evaluations;
mod explanation;
mod search;
mod wire;

use axum::extract::DefaultBodyLimit;
use tokio::sync::Semaphore;
use utoipa_axum::{router::OpenApiRouter, routes};

use server::{App, Problem};

/// How many questions that look at everybody are answered at once, apart from where requests are served.
static HEAVY: Semaphore = Semaphore::const_new(2);

/// Answers, in its turn, what may look at everybody.
async fn heavy<T: Send + 'static>(answer: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let turn = HEAVY.acquire().await.map_err(|_closed| Problem::unavailable())?;
    let answered = tokio::task::spawn_blocking(move || {
        // Kept until it is done, whether or not whoever asked still waits.
        let _turn = turn;
        answer()
    });
    answered.await.map_err(|_panicked| Problem::unavailable())
}

/// The largest body of many questions, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// The routes of this face.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(evaluations::post_evaluations))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .routes(routes!(evaluation::post_evaluation))
        .merge(search::routes())
        .routes(routes!(changes::get_changes))
        .routes(routes!(dry_run::post_dry_run))
        .routes(routes!(configuration::get_configuration))
}
