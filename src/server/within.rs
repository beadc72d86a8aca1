//! A time within which operations answer, for an API that states one.

use std::time::Duration;

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    app::App,
    refusal::{Refusal, RefusalKind},
};

/// The routes. If one of them takes longer than this time, the answer is a refusal. A change may have been recorded all the same.
pub fn within(time: Duration, routes: OpenApiRouter<App>) -> OpenApiRouter<App> {
    routes.route_layer(from_fn(move |request: Request, next: Next| {
        limited(time, next.run(request))
    }))
}

async fn limited(time: Duration, answer: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(time, answer).await {
        Ok(answer) => answer,
        Err(_) => {
            let message = "this took too long; try again later";
            Refusal::later(RefusalKind::Unavailable, "timeout", message).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_takes_too_long_is_refused() {
        let never = std::future::pending::<Response>();
        let late = limited(Duration::from_millis(1), never).await;
        let refusal = late.extensions().get::<Refusal>().unwrap();
        assert_eq!(
            (refusal.kind, refusal.code),
            (RefusalKind::Unavailable, "timeout")
        );
        assert!(refusal.retry_after.is_some());
        let ready = limited(Duration::from_secs(60), async { "done".into_response() }).await;
        assert!(ready.status().is_success());
    }
}
