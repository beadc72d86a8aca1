//! The pages of 100,000 applications cost what those of a few cost.
//!
//! `MUNIMENT_APPLICATIONS=100000 cargo test --release -p projections --test read_models -- --ignored --nocapture applications::`

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use aggregates::{
    Event,
    application::{ApplicationEvent, ApplicationStatus},
    values::{ApplicationId, Ordinal, OrganisationId, Timestamp},
};
use projections::{
    Part, Sorting,
    applications::{self, ApplicationFilter, ApplicationSort, ApplicationsAmong},
    sql::sql,
};
use uuid::Uuid;

use crate::{
    trace::statements,
    world::{Engine, World},
};

fn number(n: u32) -> Ordinal {
    Ordinal::new(i64::from(n)).expect("a number")
}

fn organisation(n: u32) -> OrganisationId {
    OrganisationId::of(number(n))
}

fn scattered(n: u32) -> u32 {
    n.wrapping_mul(2_654_435_761)
}

/// An application of one of `organisations` organisations, with details.
fn created(n: u32, organisations: u32) -> [(Uuid, Event); 2] {
    let id = ApplicationId::of(number(n)).uuid();
    let created = ApplicationEvent::Created {
        organisation: organisation(1 + scattered(n) % organisations),
        name: format!("Application {:08x}", scattered(n))
            .parse()
            .expect("a name"),
    };
    let described = ApplicationEvent::Described {
        description: Some(format!("What application {n} is for")),
        status: ApplicationStatus::ALL[n as usize % 4],
        start_date: (!n.is_multiple_of(3)).then(|| Timestamp::from_micros(i64::from(scattered(n)))),
        end_date: None,
        category: None,
        owner: Some(format!("Owner {}", scattered(n) % 1_000)),
        contact_person: Some(format!("Person {:x}", scattered(n))),
        contact_email: None,
        contact_phone: None,
        personal_data: [None, Some(true), Some(false)][n as usize % 3],
        hardware: None,
        controlled_properties: vec![],
        device_types: vec![],
    };
    [created, described].map(|event| (id, Event::Application(event)))
}

async fn fill(world: &mut World, count: u32, organisations: u32) {
    let all: Vec<u32> = (1..=count).collect();
    for batch in all.chunks(500) {
        let events = batch.iter().flat_map(|n| created(*n, organisations));
        world.record(events.collect()).await;
    }
}

#[tokio::test]
async fn a_page_of_applications_costs_the_same_wherever_it_is() {
    let mut world = World::new(Engine::Postgres).await;
    fill(&mut world, 3_000, 4).await;
    for (among, total) in [
        (ApplicationsAmong::All, 3_000),
        (ApplicationsAmong::Organisation(organisation(2)), 700),
    ] {
        for by in ApplicationSort::ALL {
            for descending in [false, true] {
                for offset in [0, total / 2, total - 10] {
                    let sorting = Sorting { by, descending };
                    let part = Part { offset, limit: 10 };
                    let (found, ran) = statements(applications::page(&world.db, among, sorting, part)).await;
                    assert_eq!(found.expect("applications").rows.len(), 10);
                    let read: u64 = ran.iter().map(|ran| ran.rows).sum();
                    assert!(ran.len() <= 6 && read < 700, "{by:?} {offset}: {ran:#?}");
                }
            }
        }
    }
}

/// The indexes begin with what the filter asks for, so the database reads no other rows, and sends those of the page alone.
#[tokio::test]
async fn a_filtered_page_does_not_read_all_applications() {
    let mut world = World::new(Engine::Postgres).await;
    fill(&mut world, 3_000, 4).await;
    let owner = format!("Owner {}", scattered(2) % 1_000);
    let filters = [
        (Some(ApplicationStatus::Prototype), None),
        (None, Some(owner.clone())),
        (Some(ApplicationStatus::ALL[2]), Some(owner)),
    ];
    for (status, owner) in filters {
        let filter = ApplicationFilter { status, owner };
        for among in [
            ApplicationsAmong::All,
            ApplicationsAmong::Organisation(organisation(2)),
        ] {
            for by in ApplicationSort::ALL {
                let sorting = Sorting {
                    by,
                    descending: false,
                };
                let part = Part { offset: 0, limit: 10 };
                let page = applications::filtered(&world.db, among, &filter, sorting, part);
                let (found, ran) = statements(page).await;
                assert!(found.expect("applications").total < 1_000);
                let read: u64 = ran.iter().map(|ran| ran.rows).sum();
                assert!(ran.len() <= 2 && read <= 11, "{by:?}: {ran:#?}");
            }
        }
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The median time of a page, in milliseconds.
async fn page(
    world: &World,
    among: ApplicationsAmong<'_>,
    sorting: Sorting<ApplicationSort>,
    offset: i64,
) -> f64 {
    let mut times = Vec::new();
    for _ in 0..30 {
        let begun = Instant::now();
        let part = Part { offset, limit: 100 };
        let found = applications::page(&world.db, among, sorting, part).await;
        assert!(!found.expect("applications").rows.is_empty());
        times.push(begun.elapsed());
    }
    times.sort();
    times.get(15).map_or(0.0, Duration::as_secs_f64) * 1e3
}

/// The first, the middle and the last page.
async fn pages(world: &World, among: ApplicationsAmong<'_>, by: ApplicationSort, total: i64) -> String {
    let mut figures = Vec::new();
    for (offset, descending) in [
        (0, false),
        (total / 2, false),
        (total - 100, false),
        (total / 3, true),
    ] {
        let took = page(world, among, Sorting { by, descending }, offset).await;
        figures.push(format!("{took:.2}"));
    }
    figures.join(", ")
}

/// How many applications an organisation has.
async fn total(world: &World, organisation: OrganisationId) -> i64 {
    let by_id = Sorting {
        by: ApplicationSort::Id,
        descending: false,
    };
    let part = Part { offset: 0, limit: 0 };
    let among = ApplicationsAmong::Organisation(organisation);
    let found = applications::page(&world.db, among, by_id, part).await;
    found.expect("applications").total
}

async fn measure(engine: Engine, count: u32) {
    for (count, organisations) in [(1_000, 4), (count, 10)] {
        let mut world = World::new(engine).await;
        let begun = Instant::now();
        fill(&mut world, count, organisations).await;
        let took = begun.elapsed().as_secs_f64() * 1e6 / f64::from(count);
        say(&format!(
            "{engine:?}, {count} applications: {took:.0} us each to fill in batches of 500"
        ));
        if engine == Engine::Postgres {
            world.db.execute(sql("VACUUM ANALYZE")).await.expect("statistics");
        }
        let one = organisation(2);
        let of_one = total(&world, one).await;
        for by in ApplicationSort::ALL {
            let all = pages(&world, ApplicationsAmong::All, by, i64::from(count)).await;
            let within = pages(&world, ApplicationsAmong::Organisation(one), by, of_one).await;
            say(&format!(
                "  {by:?}: all {all} ms; of one organisation ({of_one}) {within} ms"
            ));
        }
        for (what, batch) in [("one", 1_usize), ("16", 16)] {
            let added: Vec<u32> = (count + 1..=count + 320).collect();
            let added: Vec<u32> = added
                .iter()
                .map(|n| n + if batch == 1 { 0 } else { 1_000 })
                .collect();
            let begun = Instant::now();
            for batch in added.chunks(batch) {
                let events = batch.iter().flat_map(|n| created(*n, organisations));
                world.record(events.collect()).await;
            }
            let took = begun.elapsed().as_secs_f64() * 1e6 / 320.0;
            say(&format!("  batches of {what}: {took:.0} us each"));
        }
    }
}

fn wanted() -> u32 {
    let count = std::env::var("MUNIMENT_APPLICATIONS").ok();
    count.and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

#[tokio::test]
#[ignore = "it measures, and takes minutes"]
async fn how_fast_lists_of_applications_are_on_sqlite() {
    measure(Engine::Sqlite, wanted()).await;
}

#[tokio::test]
#[ignore = "it measures, and takes minutes"]
async fn how_fast_lists_of_applications_are_on_postgres() {
    measure(Engine::Postgres, wanted()).await;
}
