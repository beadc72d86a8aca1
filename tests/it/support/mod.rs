//! The base of the tests: throw-away databases, the server's process, and a client.

pub mod database;
pub mod device;
pub mod doctor;
pub mod mosquitto;
pub mod nginx;
pub mod outage;
pub mod postgres;
pub mod rabbitmq;
pub mod raw;
pub mod server;
pub mod strongswan;

/// Makes a test per engine from each of these tests, `NAME::sqlite` and `NAME::postgres`, each on a server with empty
/// data.
macro_rules! both_engines {
    ($($(#[$attribute:meta])* async fn $name:ident($server:ident: Server) $body:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn scenario($server: Server) $body

            #[tokio::test]
            async fn sqlite() {
                scenario(Server::start(crate::support::server::Engine::Sqlite).await).await;
            }

            #[tokio::test]
            async fn postgres() {
                scenario(Server::start(crate::support::server::Engine::Postgres).await).await;
            }
        }
    )*};
}
pub(crate) use both_engines;
pub use kit::{client, connectware, faces, openssl, second_factor};
