//! A database that fails and comes back.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use ledger::{AppendError, Ledger};
use tokio::{sync::watch, time::timeout};

use super::site::{Site, new_role, role_unit, stored, unique};
use crate::support::{
    outage::{Network, OwnCluster},
    postgres::Cluster,
    server::Engine,
};

/// How long a failing append may take while the database is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// The answers that the writers got.
#[derive(Default)]
struct Told {
    acknowledged: Mutex<BTreeMap<i64, String>>,
    refused: AtomicUsize,
}

/// Appends until the end is signalled. Every append must get an answer.
async fn write(ledger: &Ledger, told: &Told, end: watch::Receiver<bool>) {
    while !*end.borrow() {
        let answered = timeout(PATIENCE, ledger.append(role_unit(new_role(), &unique("role")))).await;
        match answered.expect("an append should not hang") {
            Ok(appended) => {
                let mut acknowledged = told.acknowledged.lock().expect("nobody panics here");
                acknowledged.extend(
                    appended
                        .events
                        .into_iter()
                        .map(|event| (event.position, event.aggregate_id)),
                );
            }
            Err(AppendError::Unavailable(_)) => {
                told.refused.fetch_add(1, Ordering::Relaxed);
                // The pause avoids a busy loop while the database is gone.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Err(refused) => panic!("{refused}"),
        }
    }
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(2 * PATIENCE, wait)
        .await
        .expect("this should come to pass");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_dies_and_comes_back_loses_nothing_acknowledged() {
    let mut cluster = OwnCluster::start().await;
    let site = Site::at(Engine::Postgres, cluster.url()).await;
    let ledger = site.ledger().await;
    let following = tokio::spawn(Arc::clone(ledger.follower()).run());
    let told = Told::default();
    let (end, ended) = watch::channel(false);
    let written = || told.acknowledged.lock().expect("nobody panics here").len();
    let writers = join_all((0..8).map(|_| write(&ledger, &told, ended.clone())));
    let outage = async {
        until(|| written() > 200).await;
        cluster.stop_immediately().await;
        until(|| told.refused.load(Ordering::Relaxed) >= 8).await;
        cluster.start_again().await;
        let before = written();
        until(|| written() > before + 200).await;
        end.send_replace(true);
    };
    tokio::join!(writers, outage);

    let kept: BTreeMap<i64, String> = stored(&ledger)
        .await
        .into_iter()
        .map(|event| (event.position, event.aggregate_id))
        .collect();
    for (position, aggregate_id) in told.acknowledged.lock().expect("nobody panics here").iter() {
        assert_eq!(
            kept.get(position),
            Some(aggregate_id),
            "position {position} was acknowledged"
        );
    }
    let head = ledger.head().await.expect("the head").position;
    assert_eq!(kept.len() as i64, head);
    assert!(ledger.wait_for(head, PATIENCE).await, "the node follows again");
    site.must_be_sound(&ledger).await;
    following.abort();
    ledger.close().await;
    cluster.stop_immediately().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_falls_silent_does_not_hang_the_ledger() {
    let database = Cluster::shared().create_database();
    let network = Network::before(&database.url).await;
    let site = Site::at(Engine::Postgres, network.url.clone()).await;
    let ledger = site.ledger().await;
    let following = tokio::spawn(Arc::clone(ledger.follower()).run());
    let append = async || timeout(PATIENCE, ledger.append(role_unit(new_role(), &unique("role")))).await;
    let appended = append().await.expect("an answer").expect("a role");
    assert_eq!(appended.position, 1);

    network.cut();
    let silent = append().await.expect("an append should not hang");
    assert!(matches!(silent, Err(AppendError::Unavailable(_))), "{silent:?}");

    network.mend();
    let again = async {
        while append().await.expect("an append should not hang").is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, again).await.expect("the database is back");
    let head = ledger.head().await.expect("the head").position;
    assert!(ledger.wait_for(head, PATIENCE).await, "the node follows again");
    site.must_be_sound(&ledger).await;
    following.abort();
}
