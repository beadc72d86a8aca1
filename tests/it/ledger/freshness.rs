//! How old the memory of a process may be.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;

use ledger::Ledger;
use projections::sql::{NOTICES, note_warning, sql};
use tracing::{Event, Subscriber};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

use super::{
    on_both_engines, on_sites,
    site::{Site, TestClock, new_role, open, open_db, role_unit, unique, unit},
};
use crate::support::{
    outage::{Network, OwnCluster},
    server::Engine,
};

const SECOND: i64 = 1_000_000;

/// On Postgres, what a process reads counts only up to its last confirmed commit.
async fn prove(ledger: &Ledger) {
    ledger.heartbeat().beat().await.expect("a heartbeat");
}

/// Reads the ledger to its head, from a database that takes writes.
async fn read_and_prove(ledger: &Ledger) {
    ledger.follower().catch_up().await.expect("a look");
    prove(ledger).await;
}

on_both_engines! {
    async fn what_is_known_ages_until_the_ledger_is_read_to_its_head(site: Site) {
        let clock = TestClock::at(SECOND);
        let ledger = site.ledger_at(&clock).await;
        prove(&ledger).await;
        assert_eq!(ledger.age(), Duration::ZERO);
        clock.set(10 * SECOND);
        assert_eq!(ledger.age(), Duration::from_secs(9));
        // A commit alone does not read.
        prove(&ledger).await;
        assert_eq!(ledger.age(), Duration::from_secs(9));
        read_and_prove(&ledger).await;
        assert_eq!(ledger.age(), Duration::ZERO);
    }

    async fn a_node_that_appends_has_read_to_the_head(site: Site) {
        let clock = TestClock::at(SECOND);
        let (ledger, other) = (site.ledger_at(&clock).await, site.ledger().await);
        other.append(role_unit(new_role(), &unique("role"))).await.expect("a role");
        clock.set(10 * SECOND);
        let appended = ledger.append(role_unit(new_role(), &unique("role"))).await.expect("a role");
        assert_eq!(ledger.authorization().position(), appended.position);
        assert_eq!(ledger.age(), Duration::ZERO);
    }

    async fn a_unit_without_events_proves_nothing(site: Site) {
        let clock = TestClock::at(SECOND);
        let ledger = site.ledger_at(&clock).await;
        prove(&ledger).await;
        clock.set(2 * SECOND);
        ledger.append(unit(vec![])).await.expect("nothing");
        assert_eq!(ledger.age(), Duration::from_secs(1));
    }

    async fn what_cannot_be_read_goes_on_ageing(site: Site) {
        let clock = TestClock::at(SECOND);
        let ledger = site.ledger_at(&clock).await;
        prove(&ledger).await;
        ledger.db().script("ALTER TABLE events RENAME TO events_elsewhere").await.expect("another name");
        clock.set(4 * SECOND);
        prove(&ledger).await;
        ledger.follower().catch_up().await.expect_err("a look at what is not there");
        assert_eq!(ledger.age(), Duration::from_secs(3));
        ledger.db().script("ALTER TABLE events_elsewhere RENAME TO events").await.expect("its name");
        clock.set(9 * SECOND);
        read_and_prove(&ledger).await;
        assert_eq!(ledger.age(), Duration::ZERO);
    }

    async fn who_asks_after_a_failure_is_told_at_once(site: Site) {
        let clock = TestClock::at(SECOND);
        let ledger = site.ledger_at(&clock).await;
        ledger.db().script("ALTER TABLE events RENAME TO events_elsewhere").await.expect("another name");
        ledger.follower().catch_up().await.expect_err("a look at what is not there");
        ledger.db().script("ALTER TABLE events_elsewhere RENAME TO events").await.expect("its name");
        // The clock stands still, so the last attempt has only just failed and there is no new one.
        ledger.follower().catch_up().await.expect_err("no look");
        clock.set(2 * SECOND);
        ledger.follower().catch_up().await.expect("a look");
    }

    async fn looking_needs_no_connection_of_those_that_requests_use(site: Site) {
        let (ledger, other) = (site.ledger().await, site.ledger().await);
        let taken = join_all((0..10).map(|_| ledger.db().snapshot())).await;
        assert!(taken.iter().all(Result::is_ok));
        let written = other.append(role_unit(new_role(), &unique("role"))).await.expect("a role");
        assert_eq!(ledger.follower().catch_up().await.expect("a look"), written.position);
    }

    async fn a_look_ends_at_the_head_however_many_events_there_are(site: Site) {
        let ledger = Arc::new(site.ledger().await);
        let events = 5;
        for _ in 0..events {
            ledger.append(role_unit(new_role(), &unique("role"))).await.expect("a role");
        }
        let other = site.ledger().await;
        assert_eq!(other.authorization().position(), events);
        prove(&other).await;
        assert!(other.age() < Duration::from_secs(60));
    }
}

on_sites! {
    {
        postgres: Site::new(Engine::Postgres).await;
    }
    async fn what_is_read_without_a_commit_goes_on_ageing(site: Site) {
        let clock = TestClock::at(SECOND);
        let ledger = site.ledger_at(&clock).await;
        prove(&ledger).await;
        clock.set(10 * SECOND);
        // Nobody knows whether the database is still the primary.
        ledger.follower().catch_up().await.expect("a look");
        assert_eq!(ledger.age(), Duration::from_secs(9));
        prove(&ledger).await;
        assert_eq!(ledger.age(), Duration::ZERO);
    }

    async fn a_database_that_takes_no_writes_proves_nothing(site: Site) {
        let clock = TestClock::at(SECOND);
        let ledger = site.ledger_at(&clock).await;
        ledger.db().script("ALTER TABLE node_heartbeats RENAME TO heartbeats_elsewhere").await.expect("another name");
        clock.set(10 * SECOND);
        ledger.follower().catch_up().await.expect("a look");
        ledger.heartbeat().beat().await.expect_err("a commit");
        assert_eq!(ledger.age(), Duration::from_secs(10));
        ledger.db().script("ALTER TABLE heartbeats_elsewhere RENAME TO node_heartbeats").await.expect("its name");
        prove(&ledger).await;
        // The new connection may go to another server than the one that was read.
        assert_eq!(ledger.age(), Duration::from_secs(10));
        ledger.follower().catch_up().await.expect("a look");
        assert_eq!(ledger.age(), Duration::ZERO);
    }
}

/// Passes the warnings of Postgres on, as the program does.
struct Warnings;

impl<S: Subscriber> Layer<S> for Warnings {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == NOTICES && *event.metadata().level() == tracing::Level::WARN {
            note_warning();
        }
    }
}

#[tokio::test]
async fn a_warning_while_connecting_is_not_about_the_commit() {
    let mut cluster = OwnCluster::start().await;
    // As after an update of the system's libraries.
    let other_version = "UPDATE pg_database SET datcollversion = '0' WHERE datname = current_database()";
    cluster.psql(&[other_version]).await;
    let db = open_db(&cluster.url()).await;
    let _warnings = tracing::subscriber::set_default(tracing_subscriber::registry().with(Warnings));
    // The next statement needs a new connection.
    let taken = db.snapshot().await.expect("a transaction");
    let made = sql("CREATE TABLE made (number BIGINT)");
    db.execute(made).await.expect("a commit");
    drop(taken);
    db.close().await;
    cluster.stop_immediately().await;
}

#[tokio::test]
async fn a_batch_is_not_applied_before_the_events_that_precede_it() {
    let mut old = OwnCluster::start().await;
    let site = Site::at(Engine::Postgres, old.url()).await;
    site.ledger().await.close().await;
    let mut new = old.standby().await;
    let network = Network::before(&old.url()).await;
    // It reads from the old primary, and keeps that connection.
    let ledger = open(&network.url).await;
    let before = ledger.authorization().position();
    new.promote().await;
    network.lead_to(&new.url());
    let other = open(&new.url()).await;
    let theirs = other
        .append(role_unit(new_role(), &unique("role")))
        .await
        .expect("a role");

    let ours = ledger
        .append(role_unit(new_role(), &unique("role")))
        .await
        .expect("a role");
    assert_eq!(ours.position, theirs.position + 1);
    // What the other one wrote may be a revocation.
    assert_eq!(ledger.authorization().position(), before);
    let reached = ledger
        .follower()
        .catch_up()
        .await
        .expect("a look at the new primary");
    assert_eq!(reached, ours.position);
    ledger.close().await;
    other.close().await;
    new.stop_immediately().await;
    old.stop_immediately().await;
}
