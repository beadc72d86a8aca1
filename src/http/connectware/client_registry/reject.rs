//! `POST /api/client-registry/reject`

use aggregates::{Command, registration::RegistrationCommand};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use server::{
    App, ByPath, JsonBody, Missing, Permitted, Refusal, Refusals, Rehearse, SMALL_BODY, Wrote, done,
    registry::pending,
};

/// The device that is not let in.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({"username": "iot.device.0123456"}))]
pub(crate) struct Rejection {
    /// The username of a pending registration.
    username: String,
}

/// Rejects a pending registration. While the registry is open, the device may ask again.
#[utoipa::path(post, path = "/api/client-registry/reject", tag = "client-registry", request_body = Rejection,
    responses((status = 204, description = "Done"), Refusals, Missing))]
pub(crate) async fn post_reject(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    JsonBody(body): JsonBody<Rejection, SMALL_BODY>,
) -> Result<Wrote<StatusCode>, Refusal> {
    done(&app, &caller, body.rehearse(&app, []).await?).await
}

impl Rehearse<0> for Rejection {
    const COMPARABLE: bool = true;

    async fn rehearse(self, app: &App, []: [&str; 0]) -> Result<Vec<Command>, Refusal> {
        let (id, _) = pending(app, &self.username).await?;
        let now = app.clock.now();
        Ok(vec![Command::Registration(
            id,
            RegistrationCommand::Reject { now },
        )])
    }
}
