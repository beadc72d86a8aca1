//! Measures the speed of sorted lists, for `docs/benchmarks.md`.
//!
//! `MUNIMENT_PEOPLE=1000000 cargo test --release -p projections --test read_models -- --ignored --nocapture sorted::measure`

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use aggregates::{Event, Recorded, user::UserEvent};
use projections::{
    sql::sql,
    store::{List, Sort},
};

use super::{Crowd, Person, filters, sorts};
use crate::world::{Engine, recorded, user_created, user_id};

/// How many events a batch has.
const BATCH: u32 = 256;
/// How often each page is read.
const PAGES: usize = 40;

fn scattered(n: u32) -> String {
    format!("name {:08x}", n.wrapping_mul(2_654_435_761))
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Measures the time of writing: once in total, and once without the marks.
async fn write(crowd: &Crowd, events: &[Recorded], batch: usize) -> f64 {
    let begun = Instant::now();
    for batch in events.chunks(batch) {
        crowd.apply(batch).await;
    }
    begun.elapsed().as_secs_f64() * 1e6 / events.len() as f64
}

async fn median_of_pages(
    crowd: &Crowd,
    lists: &[List<Person>],
    sort: fn() -> Sort<Person>,
    number: i64,
) -> f64 {
    let mut times = Vec::new();
    for _ in 0..PAGES {
        let begun = Instant::now();
        crowd.page(lists, sort(), number, 100).await.expect("a page");
        times.push(begun.elapsed());
    }
    times.sort();
    times.get(PAGES / 2).map_or(0.0, Duration::as_secs_f64) * 1e3
}

async fn measure(engine: Engine, people: u32) {
    let crowd = Crowd::new(engine).await;
    let mut position = 0;
    let mut next = || {
        position += 1;
        position
    };
    let begun = Instant::now();
    for first in (0..people).step_by(BATCH as usize) {
        let batch: Vec<_> = (first..(first + BATCH).min(people))
            .map(|n| {
                let (id, event) = user_created(n, &scattered(n), n.is_multiple_of(10));
                recorded(next(), id, event)
            })
            .collect();
        crowd.apply(&batch).await;
    }
    let filled = begun.elapsed().as_secs_f64();
    say(&format!(
        "{engine:?}, {people} people: {:.1} us a row to fill",
        filled * 1e6 / f64::from(people)
    ));
    if engine == Engine::Postgres {
        crowd
            .db()
            .execute(sql("VACUUM ANALYZE"))
            .await
            .expect("statistics");
    }
    for (name, sort, _) in sorts() {
        for lists in &filters()[..2] {
            let total = crowd.page(lists, sort(), 1, 100).await.expect("a page").total;
            let last = total / 100;
            let mut figures = Vec::new();
            for number in [1, last / 3, last / 2, last] {
                figures.push(format!(
                    "{:.2}",
                    median_of_pages(&crowd, lists, sort, number).await
                ));
            }
            say(&format!(
                "  by {name}, {total} rows: pages in {} ms",
                figures.join(", ")
            ));
        }
    }
    for (what, batch) in [
        ("batches of 256", 256),
        ("batches of 16", 16),
        ("single events", 1),
    ] {
        let count = u32::try_from(batch * 20).expect("few").max(200);
        let mut events = [Vec::new(), Vec::new(), Vec::new()];
        for n in 0..count {
            let n = n.wrapping_mul(2_654_435_761) % people;
            let event = UserEvent::TokensRevoked {};
            events[0].push(recorded(next(), user_id(n).0, Event::User(event)));
        }
        for n in 0..count {
            let n = n.wrapping_mul(2_654_435_761) % people;
            let event = UserEvent::Renamed {
                username: scattered(n.wrapping_mul(3)),
            };
            events[1].push(recorded(next(), user_id(n).0, Event::User(event)));
        }
        for n in people..people + count {
            let (id, event) = user_created(n + 10 * count, &scattered(n.wrapping_mul(5)), false);
            events[2].push(recorded(next(), id, event));
        }
        for (kind, events) in ["changes of the date", "of date and name", "new rows"]
            .iter()
            .zip(&events)
        {
            let cost = write(&crowd, events, batch).await;
            say(&format!("  {what}, {kind}: {cost:.0} us an event"));
        }
    }
}

#[tokio::test]
#[ignore = "it measures, and takes minutes"]
async fn how_fast_sorted_lists_are() {
    let people = std::env::var("MUNIMENT_PEOPLE")
        .ok()
        .and_then(|text| text.parse().ok());
    let people = people.unwrap_or(100_000);
    for engine in [Engine::Sqlite, Engine::Postgres] {
        measure(engine, people).await;
    }
}
