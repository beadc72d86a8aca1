//! `POST /api/client-registry/open`

use aggregates::{
    Command,
    client_registry::{ClientRegistryCommand, ClientRegistryId},
    values::Timestamp,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use server::{
    App, ByPath, Conflicts, JsonBody, Permitted, Refusal, Refusals, Rehearse, SMALL_BODY, Wrote, done,
};

/// How long the registry is open if the request does not say it, in milliseconds.
const DURATION: i64 = 30_000;
/// The longest time that the registry may be open, in milliseconds: a day.
const MOST: i64 = 86_400_000;

/// For how long the registry opens.
#[derive(Default, Deserialize, ToSchema)]
#[schema(example = json!({"duration": 30_000}))]
pub(crate) struct Opening {
    /// Milliseconds, at most a day.
    #[schema(minimum = 1, maximum = 86_400_000, default = 30_000)]
    duration: Option<i64>,
}

/// Opens the registry: until the time is over, devices may ask to be let in. If it is open, it gets the new end.
#[utoipa::path(post, path = "/api/client-registry/open", tag = "client-registry", request_body = Option<Opening>,
    responses((status = 204, description = "Done"), Refusals, Conflicts))]
pub(crate) async fn post_open(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
    body: Option<JsonBody<Opening, SMALL_BODY>>,
) -> Result<Wrote<StatusCode>, Refusal> {
    let opening = body.map(|JsonBody(body)| body).unwrap_or_default();
    done(&app, &caller, opening.rehearse(&app, []).await?).await
}

impl Rehearse<0> for Opening {
    const COMPARABLE: bool = true;

    async fn rehearse(self, app: &App, []: [&str; 0]) -> Result<Vec<Command>, Refusal> {
        let duration = self.duration.unwrap_or(DURATION);
        if !(1..=MOST).contains(&duration) {
            return Err(Refusal::invalid(format!("duration must be from 1 to {MOST}")));
        }
        let now = app.clock.now();
        let command = ClientRegistryCommand::Open {
            now,
            until: Timestamp::from_micros(now.micros().saturating_add(duration * 1_000)),
            most_pending: app.settings.registry_pending_most,
        };
        Ok(vec![Command::ClientRegistry(ClientRegistryId::THE_ONE, command)])
    }
}
