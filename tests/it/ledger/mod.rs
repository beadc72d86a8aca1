//! The contract of the ledger, on both engines. The tests check its promises without a server around it.

mod alike;
mod attempts;
mod belongings;
mod canonical;
mod changes;
mod child;
mod claims;
mod clocks;
mod compared_claims;
mod conflicts;
mod counts;
mod crash;
mod executor;
mod framework;
mod freshness;
mod giving;
mod guards;
mod key_uses;
mod landing;
mod late;
mod lifecycle;
mod migrations;
mod model;
mod narrow_ids;
mod nodes;
mod older_writers;
mod order;
mod outage;
mod pages;
mod refusals;
mod rehearsal;
mod schedules;
mod sealing;
mod site;
mod snapshots;
mod starting;
mod tampering;
#[path = "../../../projections/tests/read_models/trace.rs"]
mod trace;
mod versions;

/// Makes a test for each of these scenarios and each of these sites: `NAME::SITE`, on an empty ledger.
macro_rules! on_sites {
    ($sites:tt $($(#[$attribute:meta])* async fn $name:ident($site:ident: Site) $body:block)*) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;
            use crate::support::server::Engine;

            async fn scenario($site: Site) $body

            $crate::ledger::tests_on_sites! $sites
        }
    )*};
}
use on_sites;

macro_rules! tests_on_sites {
    ($($site:ident: $made:expr;)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $site() {
            scenario($made).await;
        }
    )+};
}
use tests_on_sites;

/// Runs each scenario on both engines.
macro_rules! on_each_engine {
    ($($scenarios:tt)*) => {
        $crate::ledger::on_sites! {
            {
                sqlite: Site::new(Engine::Sqlite).await;
                postgres: Site::new(Engine::Postgres).await;
            }
            $($scenarios)*
        }
    };
}
use on_each_engine;

/// Runs each scenario on both engines, and once more for nodes that decide everything under the head's lock.
macro_rules! on_both_engines {
    ($($scenarios:tt)*) => {
        $crate::ledger::on_sites! {
            {
                sqlite: Site::new(Engine::Sqlite).await;
                postgres: Site::new(Engine::Postgres).await;
                sqlite_under_the_lock: Site::new(Engine::Sqlite).await.under_the_lock();
                postgres_under_the_lock: Site::new(Engine::Postgres).await.under_the_lock();
            }
            $($scenarios)*
        }
    };
}
use on_both_engines;
