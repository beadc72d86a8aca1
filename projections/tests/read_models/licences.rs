//! The pages of 1,000,000 licences cost what those of a few cost.
//!
//! `MUNIMENT_LICENCES=1000000 cargo test --release -p projections --test read_models -- --ignored --nocapture licences::`

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use aggregates::{
    Event,
    agreement::AgreementEvent,
    licence::LicenceEvent,
    values::{AgreementId, Ordinal, OrganisationId, Timestamp},
};
use projections::{
    Part, Sorting,
    licences::{self, LicenceFilter, LicenceSort, LicencesAmong, PageError},
    sql::sql,
};
use uuid::Uuid;

use crate::{
    trace::statements,
    world::{Engine, World},
};

/// How many agreements there are.
const AGREEMENTS: u32 = 20;
/// More than there are.
const MOST_SORTED: i64 = 10_000_000;

fn organisation(n: u32) -> OrganisationId {
    OrganisationId::of(Ordinal::new(i64::from(n)).expect("a number"))
}

fn scattered(n: u32) -> u32 {
    n.wrapping_mul(2_654_435_761)
}

fn uuid(kind: u128, n: u32) -> Uuid {
    Uuid::from_u128((kind << 64) | u128::from(n))
}

fn issued(n: u32, organisations: u32) -> (Uuid, Event) {
    let day = |every: u32| Timestamp::from_micros(i64::from(scattered(n) % every) * 86_400_000_000);
    let event = LicenceEvent::Issued {
        agreement: AgreementId(uuid(1, scattered(n) % AGREEMENTS)),
        organisation: organisation(1 + scattered(n) % organisations),
        licence_key: format!("{:08X}", scattered(n)).parse().expect("a key"),
        starts_at: day(1_000),
        expires_at: (!n.is_multiple_of(3)).then(|| day(3_000).plus_hours(24_000)),
        paid_until_at: None,
        amount_per_month: n % 100,
        discount_bp: 0,
        catalogue: vec![],
        seats: 10,
    };
    (uuid(2, n), Event::Licence(event))
}

async fn fill(world: &mut World, count: u32, organisations: u32) {
    let agreements = (0..AGREEMENTS).map(|n| {
        let event = AgreementEvent::Created {
            name: format!("Agreement {n:02}").parse().expect("a name"),
            kind: "trial".parse().expect("a name"),
            provides: vec![],
            published_at: None,
            provider: None,
        };
        (uuid(1, n), Event::Agreement(event))
    });
    world.record(agreements.collect()).await;
    let all: Vec<u32> = (1..=count).collect();
    for batch in all.chunks(500) {
        let events = batch.iter().map(|n| issued(*n, organisations));
        world.record(events.collect()).await;
    }
}

#[tokio::test]
async fn a_page_of_licences_costs_the_same_wherever_it_is() {
    let mut world = World::new(Engine::Postgres).await;
    fill(&mut world, 3_000, 4).await;
    let (one, filter) = ([organisation(2)], LicenceFilter::default());
    for (among, total) in [
        (LicencesAmong::All, 3_000),
        (LicencesAmong::Organisations(&one), 700),
    ] {
        for by in LicenceSort::ALL {
            for descending in [false, true] {
                for offset in [0, total / 2, total - 10] {
                    let order = [Sorting { by, descending }];
                    let part = Part { offset, limit: 10 };
                    let page = licences::page(&world.db, among, &filter, &order, part, MOST_SORTED);
                    let (found, ran) = statements(page).await;
                    assert_eq!(found.expect("licences").len(), 10);
                    let read: u64 = ran.iter().map(|ran| ran.rows).sum();
                    assert!(ran.len() <= 7 && read < 720, "{by:?} {offset}: {ran:#?}");
                }
            }
        }
    }
}

/// Three licences begin on the same day, so a page in the order of the day and then of the key reads little more than a page by day alone.
#[tokio::test]
async fn a_page_by_several_keys_reads_what_is_equal_in_the_first() {
    let mut world = World::new(Engine::Postgres).await;
    fill(&mut world, 3_000, 4).await;
    let filter = LicenceFilter::default();
    for descending in [false, true] {
        for offset in [0, 1_500, 2_990] {
            let by = |by| Sorting { by, descending };
            let order = [by(LicenceSort::StartsAt), by(LicenceSort::LicenceKey)];
            let part = Part { offset, limit: 10 };
            let page = licences::page(&world.db, LicencesAmong::All, &filter, &order, part, MOST_SORTED);
            let (found, ran) = statements(page).await;
            assert_eq!(found.expect("licences").len(), 10);
            let read: u64 = ran.iter().map(|ran| ran.rows).sum();
            assert!(ran.len() <= 10 && read < 760, "{offset}: {ran:#?}");
        }
    }
}

/// A part in the order of several keys costs at most what it costs to sort a stated number of licences.
#[tokio::test]
async fn a_page_by_several_keys_is_refused_if_too_many_are_equal_in_the_first() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let mut world = World::new(engine).await;
        fill(&mut world, 300, 2).await;
        let of = |organisation: u32, agreement: u32| {
            let is_equal = |n: &u32| {
                let of = 1 + scattered(*n) % 2;
                scattered(*n) % AGREEMENTS == agreement && (organisation == 0 || of == organisation)
            };
            i64::try_from((1..=300).filter(is_equal).count()).expect("a number")
        };
        let (filter, one) = (LicenceFilter::default(), [organisation(2)]);
        let part = Part { offset: 0, limit: 1 };
        for descending in [false, true] {
            let by = |by| Sorting { by, descending };
            // The agreements with an odd number have licences of the second organisation alone, and the others of the first one.
            let (first, last) = if descending { (19, 19) } else { (0, 1) };
            for (among, equal) in [
                (LicencesAmong::All, of(0, first)),
                (LicencesAmong::Organisations(&one), of(2, last)),
            ] {
                assert!(equal > 2, "{equal}");
                let order = [by(LicenceSort::AgreementName), by(LicenceSort::LicenceKey)];
                let page = |most| licences::page(&world.db, among, &filter, &order, part, most);
                assert_eq!(page(equal).await.expect("licences").len(), 1);
                let refused = page(equal - 1).await;
                assert!(matches!(refused, Err(PageError::TooManyEqual)), "{refused:?}");
                // One key needs no sorting, and what is equal elsewhere in the list does not count.
                let alone = licences::page(&world.db, among, &filter, &order[..1], part, 0).await;
                assert_eq!(alone.expect("licences").len(), 1);
                let order = [by(LicenceSort::LicenceKey), by(LicenceSort::AgreementName)];
                let other = licences::page(&world.db, among, &filter, &order, part, 1).await;
                assert_eq!(other.expect("licences").len(), 1);
            }
        }
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The median time of a page, in milliseconds.
async fn page(world: &World, among: LicencesAmong<'_>, order: &[Sorting<LicenceSort>], offset: i64) -> f64 {
    let (mut times, filter) = (Vec::new(), LicenceFilter::default());
    for _ in 0..30 {
        let begun = Instant::now();
        let part = Part { offset, limit: 100 };
        let found = licences::page(&world.db, among, &filter, order, part, MOST_SORTED).await;
        assert!(!found.expect("licences").is_empty());
        times.push(begun.elapsed());
    }
    times.sort();
    times.get(15).map_or(0.0, Duration::as_secs_f64) * 1e3
}

async fn measure(engine: Engine, count: u32) {
    for (count, organisations) in [(1_000, 4), (count, 10)] {
        let mut world = World::new(engine).await;
        let begun = Instant::now();
        fill(&mut world, count, organisations).await;
        let took = begun.elapsed().as_secs_f64() * 1e6 / f64::from(count);
        say(&format!(
            "{engine:?}, {count} licences: {took:.0} us each to fill in batches of 500"
        ));
        if engine == Engine::Postgres {
            world.db.execute(sql("VACUUM ANALYZE")).await.expect("statistics");
        }
        let (one, total) = ([organisation(2)], i64::from(count));
        let of_one = total / i64::from(organisations) / 2;
        let mut orders: Vec<Vec<_>> = Vec::new();
        for descending in [false, true] {
            orders.extend(LicenceSort::ALL.map(|by| vec![Sorting { by, descending }]));
        }
        let by = |by| Sorting {
            by,
            descending: false,
        };
        orders.push(vec![by(LicenceSort::StartsAt), by(LicenceSort::LicenceKey)]);
        orders.push(vec![by(LicenceSort::AgreementName), by(LicenceSort::LicenceKey)]);
        for order in orders {
            let mut figures = Vec::new();
            for offset in [0, total / 2, total - 100] {
                let took = page(&world, LicencesAmong::All, &order, offset).await;
                figures.push(format!("{took:.2}"));
            }
            for offset in [0, of_one] {
                let took = page(&world, LicencesAmong::Organisations(&one), &order, offset).await;
                figures.push(format!("{took:.2}"));
            }
            let names: Vec<_> = order.iter().map(|key| (key.by, key.descending)).collect();
            say(&format!(
                "  {names:?}: first, middle, last of all, first and middle of one organisation: {} ms",
                figures.join(", ")
            ));
        }
    }
}

fn wanted() -> u32 {
    let count = std::env::var("MUNIMENT_LICENCES").ok();
    count.and_then(|text| text.parse().ok()).unwrap_or(1_000_000)
}

#[tokio::test]
#[ignore = "it measures, and takes minutes"]
async fn how_fast_lists_of_licences_are_on_sqlite() {
    measure(Engine::Sqlite, wanted()).await;
}

#[tokio::test]
#[ignore = "it measures, and takes minutes"]
async fn how_fast_lists_of_licences_are_on_postgres() {
    measure(Engine::Postgres, wanted()).await;
}
