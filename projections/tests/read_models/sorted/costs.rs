//! The costs of sorted lists: every page costs the same, and a batch of any size takes the same number of statements.

use aggregates::{Event, Recorded, user::UserEvent};
use projections::{
    sql::{Db, sql},
    store::Sort,
};

use super::{Crowd, Person, filters, next_position, sorts};
use crate::{
    trace::{Ran, statements},
    world::{Engine, recorded, user_created, user_id},
};

/// A name that does not depend on when its user was created.
fn scattered(n: u32) -> String {
    format!("name {:08x}", n.wrapping_mul(2_654_435_761))
}

fn created(position: i64, n: u32) -> Recorded {
    let (id, event) = user_created(n, &scattered(n), n.is_multiple_of(7));
    recorded(position, id, event)
}

/// 8,000 people in batches of 500.
async fn crowd(engine: Engine) -> Crowd {
    let crowd = Crowd::new(engine).await;
    let events: Vec<_> = (1..=8_000).map(|n| created(i64::from(n), n)).collect();
    for batch in events.chunks(500) {
        crowd.apply(batch).await;
    }
    crowd
}

/// Asserts that SQLite's plans for these statements walk only through given values, or through parts of the statement
/// that have a limit.
async fn no_walks(sqlite: &Db, ran: &[Ran]) {
    assert!(!ran.is_empty());
    for text in ran.iter().flat_map(Ran::on_sqlite) {
        let plan = sqlite
            .all(sql(format!("EXPLAIN QUERY PLAN {text}")))
            .await
            .expect("a plan");
        for row in plan {
            let step = row.text(3).expect("a step");
            let walks = ["people", "list_marks", "list_nodes", "m"].map(|table| format!("SCAN {table}"));
            let walks = walks
                .iter()
                .any(|walk| step == *walk || step.starts_with(&format!("{walk} ")));
            assert!(!walks, "{step}\n{text}");
        }
    }
}

#[tokio::test]
async fn a_page_of_a_sorted_list_costs_the_same_wherever_it_is() {
    let (crowd, sqlite) = (crowd(Engine::Postgres).await, Crowd::new(Engine::Sqlite).await);
    for lists in filters() {
        for (name, sort, _) in &sorts()[1..] {
            let total = crowd.page(&lists, sort(), 1, 10).await.expect("a page").total;
            let last = (total + 9) / 10;
            for descending in [false, true] {
                for number in [1, last / 3, last / 2 + 1, last] {
                    let sort = if descending { sort().reversed() } else { sort() };
                    let (found, ran) = statements(crowd.page(&lists, sort, number, 10)).await;
                    assert!(!found.expect("a page").rows.is_empty(), "{name} {number}");
                    assert_eq!(ran.len(), 5, "{ran:#?}");
                    // For each of the four levels we expect some 32 spans, and at most some hundreds.
                    let read: u64 = ran.iter().map(|ran| ran.rows).sum();
                    assert!(read < 700, "{name} {number}: {ran:#?}");
                    no_walks(sqlite.db(), &ran).await;
                }
            }
            let (found, ran) = statements(crowd.page(&lists, sort(), last + 1, 10)).await;
            assert_eq!(
                (found.expect("a page").rows.len(), ran.len()),
                (0, 1),
                "past the end"
            );
        }
    }
}

#[tokio::test]
async fn a_page_of_one_value_costs_what_a_page_of_all_costs() {
    let (crowd, sqlite) = (crowd(Engine::Postgres).await, Crowd::new(Engine::Sqlite).await);
    for (name, sort, _) in &sorts() {
        let total = crowd.count_of("7").await.expect("a number");
        assert!((400..600).contains(&total), "{total}");
        let last = (total + 9) / 10;
        for number in [1, last / 2, last] {
            let (found, ran) = statements(crowd.page_of("7", sort(), number, 10)).await;
            assert!(!found.expect("a page").rows.is_empty(), "{name} {number}");
            let read: u64 = ran.iter().map(|ran| ran.rows).sum();
            assert!(ran.len() <= 6 && read < 700, "{name} {number}: {ran:#?}");
            no_walks(sqlite.db(), &ran).await;
        }
    }
}

/// The statements of three batches: the first creates this many people, the second renames them, the third deletes
/// them. Each person begins spans of this level.
async fn statements_of(crowd: &Crowd, position: &mut i64, count: u32, level: i64) -> Vec<Vec<Ran>> {
    let first = u32::try_from(*position).expect("few");
    let mut batches = [Vec::new(), Vec::new(), Vec::new()];
    for n in first..first + count {
        *position = next_position(*position, level);
        batches[0].push(created(*position, n));
    }
    for n in first..first + count {
        let renamed = UserEvent::Renamed {
            username: scattered(n + 7),
        };
        for (batch, event) in batches[1..].iter_mut().zip([renamed, UserEvent::Deleted {}]) {
            *position += 1;
            batch.push(recorded(*position, user_id(n).0, Event::User(event)));
        }
    }
    let mut costs = Vec::new();
    for batch in batches {
        costs.push(statements(crowd.apply(&batch)).await.1);
    }
    costs
}

#[tokio::test]
async fn a_batch_costs_as_many_statements_whatever_its_size() {
    let (crowd, sqlite) = (crowd(Engine::Postgres).await, Crowd::new(Engine::Sqlite).await);
    let mut position = 10_000;
    // First the rows and their nodes; then the marks before them, the sums, and the sums that may be zero. If marks are
    // added or removed: also the marks after them, the rows of spans in two orders and in two orders of teams, and the spans
    // that are counted again. A new name is a new team. From level 2 on: also the spans of the level below.
    for (level, counts, expected) in [
        (0, [20, 100], [4, 7, 7]),
        (1, [20, 90], [10, 13, 13]),
        (2, [10, 40], [11, 14, 14]),
        (3, [2, 20], [11, 14, 14]),
    ] {
        for count in counts {
            let ran = statements_of(&crowd, &mut position, count, level).await;
            let costs: Vec<_> = ran.iter().map(Vec::len).collect();
            // Not every batch has a sum that may be zero.
            let fewer = costs
                .iter()
                .zip(expected)
                .all(|(cost, most)| *cost == most || *cost + 1 == most);
            assert!(fewer, "{count} of level {level}: {costs:?}, {ran:#?}");
            for ran in ran {
                no_walks(sqlite.db(), &ran).await;
            }
        }
    }
}

#[tokio::test]
async fn a_mark_that_comes_and_goes_leaves_everything_as_it_was() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let crowd = crowd(engine).await;
        let before = crowd.digests().await;
        let mut position = 10_000;
        for level in 0..=3 {
            statements_of(&crowd, &mut position, 3, level).await;
            assert_eq!(crowd.digests().await, before, "level {level}");
        }
    }
}

/// Strangers choose names: pages must also cost the same if all people have the same name.
#[tokio::test]
async fn people_of_one_name_cost_what_others_do() {
    let crowd = Crowd::new(Engine::Postgres).await;
    let events: Vec<_> = (1..=4_000)
        .map(|n| {
            let (id, event) = user_created(n, "same", false);
            recorded(i64::from(n), id, event)
        })
        .collect();
    for batch in events.chunks(1_000) {
        crowd.apply(batch).await;
    }
    let lists = [Person::FREE];
    for number in [1, 200, 320] {
        let (found, ran) = statements(crowd.page(&lists, Sort::by(&Person::BY_NAME), number, 10)).await;
        let found = found.expect("a page");
        assert_eq!((found.rows.len(), ran.len()), (10, 5), "{ran:#?}");
        let read: u64 = ran.iter().map(|ran| ran.rows).sum();
        assert!(read < 700, "{ran:#?}");
    }
}
