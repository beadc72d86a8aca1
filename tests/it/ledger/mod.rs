//! The contract of the ledger, on both engines. The tests check its promises without a server around it.

mod canonical;
mod child;
mod claims;
mod conflicts;
mod counts;
mod crash;
mod executor;
mod framework;
mod freshness;
mod guards;
mod landing;
mod lifecycle;
mod migrations;
mod model;
mod nodes;
mod order;
mod outage;
mod pages;
mod rehearsal;
mod schedules;
mod sealing;
mod site;
mod starting;
mod tampering;
mod versions;

/// Makes tests of each function: `NAME::sqlite` and `NAME::postgres`, each on an empty ledger, and both again for nodes that
/// decide everything under the head's lock.
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* async fn $name:ident($site:ident: Site) $body:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;
            use crate::support::server::Engine;

            async fn scenario($site: Site) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                scenario(Site::new(Engine::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                scenario(Site::new(Engine::Postgres).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite_under_the_lock() {
                scenario(Site::new(Engine::Sqlite).await.under_the_lock()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres_under_the_lock() {
                scenario(Site::new(Engine::Postgres).await.under_the_lock()).await;
            }
        }
    )*};
}
use on_both_engines;
