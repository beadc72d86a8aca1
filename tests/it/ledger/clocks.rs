//! A process whose clock is too far off writes nothing.

use std::time::Duration;

use ledger::{
    AppendError, Ledger,
    clock::{Clock as _, SystemClock},
};

use super::{
    on_both_engines, on_sites,
    site::{Site, TestClock, new_role, role_unit, unique, unit},
};

const SECOND: i64 = 1_000_000;
const BOUND: Duration = Duration::from_secs(60);

async fn write(ledger: &Ledger) -> Result<i64, AppendError> {
    let appended = ledger.append(role_unit(new_role(), &unique("role"))).await?;
    Ok(appended.events.last().expect("an event").recorded_at.micros())
}

async fn must_refuse(ledger: &Ledger, why: &str) {
    match write(ledger).await {
        Err(AppendError::Unavailable(cause)) => {
            let said = cause.to_string();
            assert!(said.contains(why), "{said}");
        }
        other => panic!("{other:?}"),
    }
}

on_both_engines! {
    async fn a_node_that_is_behind_the_newest_event_writes_nothing_until_that_is_over(site: Site) {
        let before = site.ledger_at(&TestClock::at(2_000 * SECOND)).await;
        assert_eq!(write(&before).await.expect("a role"), 2_000 * SECOND);

        let clock = TestClock::at(1_000 * SECOND);
        let ledger = site.ledger_at(&clock).await;
        ledger.clocks().bound_by(BOUND);
        for _ in 0..3 {
            must_refuse(&ledger, "1000 s behind the newest event").await;
        }
        // This writes nothing.
        ledger.append(unit(vec![])).await.expect("nothing");
        clock.set(1_940 * SECOND);
        assert_eq!(write(&ledger).await.expect("a role"), 2_000 * SECOND);
    }

    async fn a_node_that_learns_of_events_of_the_future_writes_nothing(site: Site) {
        let clock = TestClock::at(1_000 * SECOND);
        let (ledger, wrong) = (site.ledger_at(&clock).await, site.ledger_at(&TestClock::at(2_000 * SECOND)).await);
        ledger.clocks().bound_by(BOUND);
        assert_eq!(write(&ledger).await.expect("a role"), 1_000 * SECOND);
        write(&wrong).await.expect("a role");
        must_refuse(&ledger, "1000 s behind the newest event").await;
    }
}

on_sites! {
    {
        postgres: Site::new(Engine::Postgres).await;
    }
    async fn a_node_whose_clock_differs_from_the_databases_writes_nothing_until_it_is_right(site: Site) {
        let right = SystemClock.now().micros();
        let two_days = 2 * 24 * 3_600 * SECOND;
        for wrong in [right + two_days, right - two_days] {
            let clock = TestClock::at(wrong);
            let ledger = site.ledger_at(&clock).await;
            ledger.clocks().bound_by(BOUND);
            ledger.heartbeat().beat().await.expect("a heartbeat");
            must_refuse(&ledger, " the database's").await;
            clock.jump_to(right);
            let written = write(&ledger).await.expect("a role");
            assert!((written - right).abs() <= 60 * SECOND, "{written} {right}");
            // Somebody sets it before it is compared again.
            clock.jump_to(wrong);
            must_refuse(&ledger, " the database's").await;
        }
    }

    async fn a_node_that_did_not_compare_its_clock_writes_nothing(site: Site) {
        let clock = TestClock::at(SystemClock.now().micros());
        let ledger = site.ledger_at(&clock).await;
        ledger.clocks().bound_by(BOUND);
        ledger.clocks().wait_for_the_database();
        must_refuse(&ledger, "was not compared").await;
        ledger.heartbeat().beat().await.expect("a heartbeat");
        write(&ledger).await.expect("a role");
    }
}
