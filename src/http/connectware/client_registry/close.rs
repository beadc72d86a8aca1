//! `POST /api/client-registry/close`

use aggregates::{
    Command,
    client_registry::{ClientRegistryCommand, ClientRegistryId},
};
use axum::{extract::State, http::StatusCode};

use server::{App, ByPath, Permitted, Refusal, Refusals, Rehearse, Wrote, done};

/// Closes the registry. Devices that have asked before still learn what became of it.
#[utoipa::path(post, path = "/api/client-registry/close", tag = "client-registry",
    responses((status = 204, description = "Done"), Refusals))]
pub(crate) async fn post_close(
    State(app): State<App>,
    Permitted(caller, ..): Permitted<ByPath>,
) -> Result<Wrote<StatusCode>, Refusal> {
    done(&app, &caller, Closing.rehearse(&app, []).await?).await
}

/// A request without a body.
#[derive(Default)]
pub(crate) struct Closing;

impl Rehearse<0> for Closing {
    async fn rehearse(self, _: &App, []: [&str; 0]) -> Result<Vec<Command>, Refusal> {
        let command = ClientRegistryCommand::Close;
        Ok(vec![Command::ClientRegistry(ClientRegistryId::THE_ONE, command)])
    }
}
