//! Positions are 1, 2, 3, … in the order of the commits, and a reader misses no position.

use std::{collections::BTreeSet, pin::pin};

use futures_util::{StreamExt, future::join_all};
use sqlx::{Connection, PgConnection, Row};

use super::{
    child::{Child, Task, append_units},
    on_both_engines,
    site::{Site, new_user, stored, tokens_revoked, unit},
};
use crate::support::postgres::Cluster;

/// How the events that a reader saw differ from the committed events.
#[derive(Debug, Default, PartialEq, Eq)]
struct Account {
    missed: Vec<i64>,
    twice: Vec<i64>,
    out_of_order: Vec<i64>,
}

impl Account {
    fn of(seen: &[i64], committed: impl IntoIterator<Item = i64>) -> Self {
        let mut once = BTreeSet::new();
        Self {
            twice: seen.iter().copied().filter(|id| !once.insert(*id)).collect(),
            out_of_order: seen
                .windows(2)
                .filter(|pair| pair[1] < pair[0])
                .map(|pair| pair[1])
                .collect(),
            missed: committed.into_iter().filter(|id| !seen.contains(id)).collect(),
        }
    }
}

const WRITERS: usize = 8;
const UNITS: usize = 40;

on_both_engines! {
    async fn a_unit_of_any_size_is_written(site: Site) {
        let ledger = site.ledger().await;
        for size in (1..=40).chain([100, 600, 1_100]) {
            let user = new_user();
            let events: Vec<_> = (1..=size).map(|sequence| tokens_revoked(user, sequence)).collect();
            let appended = ledger.append(unit(events)).await.unwrap_or_else(|error| panic!("{size}: {error:?}"));
            assert_eq!(appended.events.len() as i64, size);
        }
        site.must_be_sound(&ledger).await;
    }

    async fn a_tail_sees_all_that_two_processes_write_in_order(site: Site) {
        let ledger = site.ledger().await;
        let mut child = Child::ready(&Task::Append { writers: WRITERS, units: UNITS }, &site.url).await;
        let per_writer: usize = (0..UNITS).map(|turn| turn % 3 + 1).sum();
        let all = 2 * WRITERS * per_writer;
        let read = async {
            let tail = pin!(ledger.tail(0));
            tail.take(all).map(|event| event.expect("the tail should go on")).collect::<Vec<_>>().await
        };
        let write = async {
            child.go().await;
            let ours: usize = join_all((0..WRITERS).map(|_| append_units(&ledger, UNITS))).await.iter().sum();
            assert_eq!(child.rest().await, [format!("events {ours}")]);
        };
        let (events, ()) = tokio::join!(read, write);

        let seen: Vec<i64> = events.iter().map(|event| event.position).collect();
        assert_eq!(Account::of(&seen, 1..=all as i64), Account::default());
        assert_eq!(ledger.head().await.expect("the head").position, all as i64);
        assert_eq!(events, stored(&ledger).await);
        let streams: BTreeSet<_> = events.iter().map(|event| (&event.aggregate_id, event.sequence)).collect();
        assert_eq!(streams.len(), all, "an event is in the ledger twice");
        site.must_be_sound(&ledger).await;
    }

    async fn a_tail_can_begin_anywhere_and_wait(site: Site) {
        let ledger = site.ledger().await;
        append_units(&ledger, 3).await;
        let mut tail = pin!(ledger.tail(5));
        assert_eq!(tail.next().await.expect("an event").expect("an event").position, 6);
        let (next, _) = tokio::join!(tail.next(), append_units(&ledger, 1));
        assert_eq!(next.expect("an event").expect("an event").position, 7);
    }
}

/// The problem that the ledger avoids: numbers that are drawn before the commit are not in the order of the commits.
/// The test uses the same comparison as the tests above, and so proves that it can fail.
#[tokio::test]
async fn a_reader_that_follows_a_bare_sequence_loses_events() {
    let database = Cluster::shared().create_database();
    let connect = async || PgConnection::connect(&database.url).await.expect("a connection");
    let (mut first, mut second, mut reader) = (connect().await, connect().await, connect().await);
    sqlx::raw_sql("CREATE TABLE naive (id BIGSERIAL PRIMARY KEY, payload TEXT NOT NULL)")
        .execute(&mut reader)
        .await
        .expect("a table");
    let mut seen = Vec::new();
    let mut look = async |seen: &mut Vec<i64>| {
        let last = seen.last().copied().unwrap_or(0);
        let rows = sqlx::query("SELECT id FROM naive WHERE id > $1 ORDER BY id")
            .bind(last)
            .fetch_all(&mut reader);
        seen.extend(rows.await.expect("rows").iter().map(|row| row.get::<i64, _>(0)));
    };

    let insert = "INSERT INTO naive (payload) VALUES ('it happened')";
    let mut slow = first.begin().await.expect("a transaction");
    sqlx::query(insert).execute(&mut *slow).await.expect("a row");
    let mut quick = second.begin().await.expect("a transaction");
    sqlx::query(insert).execute(&mut *quick).await.expect("a row");
    quick.commit().await.expect("a commit");
    look(&mut seen).await;
    slow.commit().await.expect("a commit");
    look(&mut seen).await;

    assert_eq!(
        Account::of(&seen, 1..=2),
        Account {
            missed: vec![1],
            ..Account::default()
        }
    );
}
