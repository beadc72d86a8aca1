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
mod lifecycle;
mod migrations;
mod model;
mod nodes;
mod order;
mod outage;
mod pages;
mod rehearsal;
mod sealing;
mod site;
mod starting;
mod tampering;
mod versions;

/// Makes a test per engine from each of these tests: `NAME::sqlite` and `NAME::postgres`, each on an empty ledger.
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
        }
    )*};
}
use on_both_engines;
