//! The listeners of the server: one for all clients and, if the settings say so, one for them over TLS, and one for brokers.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use server::{
    App, Front,
    connections::{Doors, serve_over},
    settings::Settings,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use super::{CliError, certificate::Certificate, say};
use crate::openapi;

/// The listeners, before the server accepts connections.
pub(super) struct Listeners {
    clients: TcpListener,
    brokers: Option<TcpListener>,
    tls: Option<TcpListener>,
}

impl Listeners {
    /// Binds the addresses that the settings say.
    pub(super) async fn bind(settings: &Settings) -> Result<Self, CliError> {
        let brokers = match settings.hooks_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        let tls = match settings.tls_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        Ok(Self {
            clients: bind(settings.listen).await?,
            brokers,
            tls,
        })
    }

    /// The certificate for the listener of TLS, if there is one.
    pub(super) async fn certificate(&self, app: &App) -> Result<Option<Arc<Certificate>>, CliError> {
        let Some(listener) = &self.tls else {
            return Ok(None);
        };
        let address = listener.local_addr()?.ip();
        Ok(Some(Arc::new(Certificate::new(app, address).await?)))
    }

    /// Serves until the sender of `stop` is dropped. Then the tasks end after the answers to all requests that have begun.
    pub(super) fn serve(
        self,
        app: &App,
        certificate: Option<&Certificate>,
        stop: &watch::Receiver<()>,
    ) -> Result<JoinSet<()>, CliError> {
        let mut tasks = JoinSet::new();
        let settings = &app.settings;
        let patience = Duration::from_millis(settings.head_patience_ms);
        let mut open = |listener: TcpListener, tls, front: &Arc<Front>, connections, what: &str| {
            let address = listener.local_addr()?;
            let doors = Doors {
                connections,
                patience,
            };
            tasks.spawn(serve_over(
                tls,
                listener,
                Arc::clone(front),
                doors,
                dropped(stop.clone()),
            ));
            say(&format!("listening {what}{address}"));
            Ok::<_, CliError>(())
        };
        if let Some(listener) = self.brokers {
            let front = Arc::new(openapi::front_for_brokers(app.clone()));
            let most = settings.hooks_connections;
            open(listener, None, &front, most, "for brokers on http://")?;
        }
        let front = Arc::new(openapi::front_of(app.clone()));
        open(self.clients, None, &front, settings.connections, "on http://")?;
        if let (Some(listener), Some(certificate)) = (self.tls, certificate) {
            let tls = Some(Arc::clone(&certificate.tls));
            open(listener, tls, &front, settings.connections, "on https://")?;
        }
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
