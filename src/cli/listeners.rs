//! The listeners of the server: one for all clients and, if the settings say so, one for brokers.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use server::{
    App, Front,
    connections::{Doors, serve},
    settings::Settings,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use super::{CliError, say};
use crate::openapi;

/// The listeners, before the server accepts connections.
pub(super) struct Listeners {
    clients: TcpListener,
    brokers: Option<TcpListener>,
}

impl Listeners {
    /// Binds the addresses that the settings say.
    pub(super) async fn bind(settings: &Settings) -> Result<Self, CliError> {
        let clients = bind(settings.listen).await?;
        let brokers = match settings.hooks_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        Ok(Self { clients, brokers })
    }

    /// Serves until the sender of `stop` is dropped. Then the tasks end after the answers to all requests that have begun.
    pub(super) fn serve(self, app: &App, stop: &watch::Receiver<()>) -> Result<JoinSet<()>, CliError> {
        let mut tasks = JoinSet::new();
        let patience = Duration::from_millis(app.settings.head_patience_ms);
        let mut open = |listener: TcpListener, front: Front, connections: usize, what: &str| {
            let address = listener.local_addr()?;
            let doors = Doors {
                connections,
                patience,
            };
            tasks.spawn(serve(listener, Arc::new(front), doors, dropped(stop.clone())));
            say(&format!("listening {what}on http://{address}"));
            Ok::<_, CliError>(())
        };
        if let Some(listener) = self.brokers {
            let front = openapi::front_for_brokers(app.clone());
            open(listener, front, app.settings.hooks_connections, "for brokers ")?;
        }
        let front = openapi::front_of(app.clone());
        open(self.clients, front, app.settings.connections, "")?;
        Ok(tasks)
    }
}

/// Waits until all of these tasks have ended.
pub(super) async fn ended(mut tasks: JoinSet<()>) -> Result<(), CliError> {
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| CliError::Other(error.to_string()))?;
    }
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, CliError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| CliError::Other(format!("cannot listen on {address}: {error}")))
}

/// Waits until the sender is dropped.
async fn dropped(mut stop: watch::Receiver<()>) {
    while stop.changed().await.is_ok() {}
}
