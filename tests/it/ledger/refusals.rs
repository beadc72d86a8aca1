//! Refusals as evidence, and the audit trail, without a server around them.

use std::{
    collections::HashSet,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use aggregates::values::Timestamp;
use ledger::{
    Executor, Head, Keeping, Ledger, Metadata, Refused, RefusedKind,
    audit::{Actor, Cursor, Filter, Item, Kept, Kind, Names, Outcome},
};
use projections::sql::{Db, sql};
use proptest::{prelude::*, test_runner::TestRunner};
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{
    on_each_engine,
    site::{
        Site, TestClock, metadata, new_role, new_user, number, role_created, role_unit, unique, user_created,
    },
    trace::{Ran, statements},
};
use crate::support::server::Engine;

/// The time at which these tests begin.
const BEGINNING: i64 = 1_769_860_800_000_000;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
const KEEPING: Keeping = Keeping {
    days: 365,
    most: 1_000_000,
    names_days: 30,
};

fn login(name: &str, address: [u8; 4], actor: Option<Uuid>) -> Refused {
    Refused {
        kind: RefusedKind::Login,
        reason: "wrong_password",
        actor,
        object: None,
        name: Some(name.to_owned()),
        address: Some(IpAddr::from(address)),
        method: Some("POST"),
        path: Some("/api/login".to_owned()),
        detail: Some("the username or the password is wrong".to_owned()),
    }
}

async fn tidy(ledger: &Ledger) {
    let tidied = ledger.refusals().tidy(&KEEPING).await;
    tidied.expect("the database answers");
}

async fn names(ledger: &Ledger) -> Vec<String> {
    let kept = refusals(ledger).await;
    kept.iter().filter_map(name).map(str::to_owned).collect()
}

async fn store(ledger: &Ledger) {
    ledger.refusals().store().await.expect("the database answers");
}

/// All items that fit a filter, in pages of `limit`.
async fn walk(ledger: &Ledger, filter: &Filter, limit: usize) -> Vec<Item> {
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = ledger
            .audit(filter, after, limit)
            .await
            .expect("the database answers");
        assert!(page.items.len() <= limit);
        items.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return items,
        }
    }
}

async fn refusals(ledger: &Ledger) -> Vec<Kept> {
    let filter = Filter {
        outcome: Some(Outcome::Refused),
        ..Filter::default()
    };
    let items = walk(ledger, &filter, 1_000).await;
    let kept = items.into_iter().map(|item| match item {
        Item::Refused(kept) => *kept,
        Item::Done(done) => panic!("{done:?} was not refused"),
    });
    kept.collect()
}

fn name(kept: &Kept) -> Option<&str> {
    match &kept.names {
        Names::Known { name, .. } => name.as_deref(),
        Names::Erased(erased) => Some(erased),
        Names::Altered => Some("altered"),
    }
}

/// What identifies an item.
fn key(item: &Item) -> (Timestamp, String) {
    match item {
        Item::Done(done) => (done.recorded_at, done.position.to_string()),
        Item::Refused(kept) => (kept.first, kept.id.to_string()),
    }
}

on_each_engine! {
    async fn a_flood_is_counted_exactly_and_has_bounded_rows(site: Site) {
        let ledger = site.ledger_at(&TestClock::at(BEGINNING)).await;
        for number in 0..10_000_u32 {
            // A tenth of them from one address, the others from one each.
            let [.., a, b] = number.to_be_bytes();
            let address = if number % 10 == 0 { [192, 0, 2, 1] } else { [10, 0, a, b] };
            ledger.refusals().note(login(&format!("name-{number}"), address, None));
            if number % 1_000 == 999 {
                store(&ledger).await;
            }
        }
        store(&ledger).await;
        let kept = refusals(&ledger).await;
        assert_eq!(kept.iter().map(|kept| kept.times).sum::<i64>(), 10_000);
        assert!((4_000..6_000).contains(&kept.len()), "{}", kept.len());
        assert!(kept.iter().any(|kept| kept.path.is_none() && kept.times > 100));
        let (rolled, lost) = ledger.refusals().excess();
        assert!(rolled > 4_000 && lost == 0, "{rolled} {lost}");
    }

    async fn rows_of_two_nodes_add_up_and_storing_twice_changes_nothing(site: Site) {
        let clock = TestClock::at(BEGINNING);
        let (one, other) = (site.ledger_at(&clock).await, site.ledger_at(&clock).await);
        for round in 1..=5 {
            one.refusals().note(login("ada", [192, 0, 2, 1], None));
            other.refusals().note(login("ada", [192, 0, 2, 1], None));
            clock.set(BEGINNING + round * SECOND);
            let (first, second) = tokio::join!(one.refusals().store(), other.refusals().store());
            first.and(second).expect("both are stored");
            store(&one).await;
        }
        let kept = refusals(&one).await;
        assert_eq!(kept.iter().map(|kept| (name(kept), kept.times)).collect::<Vec<_>>(), [(Some("ada"), 5); 2]);
        assert_eq!(number(one.db(), "SELECT COUNT(*) FROM refusal_keys").await, 1);
    }

    async fn closing_the_ledger_stores_what_waits(site: Site) {
        let ledger = site.ledger().await;
        ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
        ledger.close().await;
        assert_eq!(refusals(&site.ledger().await).await.len(), 1);
    }

    async fn a_database_that_refuses_loses_no_count(site: Site) {
        let ledger = site.ledger().await;
        let db = site.db().await;
        ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
        store(&ledger).await;
        db.script("ALTER TABLE refusals RENAME TO away").await.expect("another name");
        for _ in 0..3 {
            ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
            ledger.refusals().note(login("grace", [192, 0, 2, 1], None));
            assert!(ledger.refusals().store().await.is_err());
        }
        db.script("ALTER TABLE away RENAME TO refusals").await.expect("the former name");
        store(&ledger).await;
        assert_eq!(refusals(&ledger).await.iter().map(|kept| kept.times).sum::<i64>(), 7);
    }

    async fn what_is_personal_is_sealed_and_bound_to_its_row(site: Site) {
        let ledger = site.ledger_at(&TestClock::at(BEGINNING)).await;
        for stranger in ["mistyped", "other"] {
            ledger.refusals().note(login(stranger, [192, 0, 2, 77], None));
        }
        store(&ledger).await;
        let db = site.db().await;
        for row in db.all(sql("SELECT CAST(sealed AS TEXT), kind, reason, path FROM refusals")).await.expect("rows") {
            for column in 0..4 {
                let text = row.text_or_null(column).ok().flatten().unwrap_or_default();
                assert!(!["mistyped", "192.0.2", "password is wrong"].iter().any(|word| text.contains(word)), "{text}");
            }
        }
        let changes = [
            "UPDATE refusals SET times = 2",
            "UPDATE refusals SET reason = 'unknown_user'",
            "UPDATE refusals SET first_at = first_at - 1",
            "UPDATE refusals SET actor = refusal_id",
            "UPDATE refusals SET path = NULL",
        ];
        for change in changes {
            db.script("CREATE TABLE kept AS SELECT * FROM refusals").await.expect("a copy");
            db.script(change).await.expect("a change");
            let names: HashSet<_> = refusals(&ledger).await.iter().map(|kept| kept.names.clone()).map(|names| names == Names::Altered).collect();
            assert_eq!(names, HashSet::from([true]), "{change}");
            let restore = "DELETE FROM refusals; INSERT INTO refusals SELECT * FROM kept; DROP TABLE kept";
            db.script(restore).await.expect("the rows as before");
        }
        let mut names: Vec<_> = refusals(&ledger).await.iter().map(|kept| name(kept).map(str::to_owned)).collect();
        names.sort();
        assert_eq!(names, [Some("mistyped".to_owned()), Some("other".to_owned())]);
    }

    async fn an_erased_person_s_names_go_at_once_and_do_not_come_back(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let ledger = executor.ledger();
        let user = new_user();
        executor.execute(vec![user_created(user, "ada")], &metadata()).await.expect("a user");
        let note = || ledger.refusals().note(login("ada", [192, 0, 2, 1], Some(user.0)));
        note();
        ledger.refusals().note(login("grace", [192, 0, 2, 1], None));
        store(ledger).await;
        note();
        ledger.erase_subject(&user.to_string()).await.expect("the ledger answers");
        store(ledger).await;
        note();
        // A row that is new after the erasure, too.
        ledger.refusals().note(Refused { reason: "no_password", ..login("ada", [192, 0, 2, 1], Some(user.0)) });
        store(ledger).await;
        let kept = refusals(ledger).await;
        assert_eq!(kept.len(), 3);
        for kept in kept {
            let expected = if kept.actor.is_some() { "[erased]" } else { "grace" };
            assert_eq!(name(&kept), Some(expected), "{kept:?}");
        }
    }

    async fn a_deleted_key_is_not_made_again_when_the_clock_goes_back(site: Site) {
        let clock = TestClock::at(BEGINNING);
        let ledger = site.ledger_at(&clock).await;
        ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
        store(&ledger).await;
        tidy(&ledger).await;
        clock.set(BEGINNING + 40 * DAY);
        tidy(&ledger).await;
        assert_eq!(names(&ledger).await, ["[erased]"]);
        clock.set(BEGINNING + SECOND);
        // Another node, too, which never had the key.
        for ledger in [&ledger, &site.ledger_at(&clock).await] {
            ledger.refusals().note(login("eve", [192, 0, 2, 1], None));
            store(ledger).await;
            // A row that grows.
            ledger.refusals().note(login("eve", [192, 0, 2, 1], None));
            store(ledger).await;
        }
        assert_eq!(names(&ledger).await, ["[erased]"; 3]);
        let db = site.db().await;
        assert_eq!(number(&db, "SELECT COUNT(*) FROM refusals WHERE sealed IS NOT NULL").await, 1);
        assert_eq!(number(&db, "SELECT COUNT(*) FROM refusal_keys WHERE wrapped_key IS NOT NULL").await, 0);
        assert_eq!(number(&db, "SELECT CAST(SUM(times) AS BIGINT) FROM refusals").await, 5);
    }

    async fn rows_whose_key_is_missing_are_not_called_altered(site: Site) {
        let clock = TestClock::at(BEGINNING);
        let ledger = site.ledger_at(&clock).await;
        ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
        store(&ledger).await;
        // A back-up without the keys.
        site.db().await.script("DELETE FROM refusal_keys").await.expect("no keys");
        for (at, expected) in [(BEGINNING, ["[erased]", "[erased]"].as_slice()), (BEGINNING + DAY, &["[erased]", "[erased]", "eve"])] {
            clock.set(at);
            let ledger = site.ledger_at(&clock).await;
            ledger.refusals().note(login("eve", [192, 0, 2, 1], None));
            store(&ledger).await;
            let mut names = names(&ledger).await;
            names.sort();
            assert_eq!(names, expected);
        }
    }

    async fn keys_that_were_deleted_before_there_were_tombstones_stay_deleted(site: Site) {
        let clock = TestClock::at(BEGINNING);
        let ledger = site.ledger_at(&clock).await;
        ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
        clock.set(BEGINNING + DAY);
        ledger.refusals().note(login("grace", [192, 0, 2, 1], None));
        store(&ledger).await;
        let db = site.db().await;
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/back");
        let back = folder.join(db.engine()).join("0014_bury_keys_of_names.sql");
        let back = std::fs::read_to_string(back).expect("the script is there");
        db.script(&back).await.expect("the way back");
        // As the program from before did it.
        db.script("DELETE FROM refusal_keys WHERE period = (SELECT MIN(period) FROM refusal_keys)")
            .await
            .expect("a deleted key");
        db.close().await;
        let db = site.db().await;
        ledger::migrations::migrate(&db).await.expect("the migration applies again");
        clock.set(BEGINNING);
        let ledger = site.ledger_at(&clock).await;
        ledger.refusals().note(login("eve", [192, 0, 2, 1], None));
        store(&ledger).await;
        let mut names = names(&ledger).await;
        names.sort();
        assert_eq!(names, ["[erased]", "[erased]", "grace"]);
    }

    async fn a_clock_that_jumps_forward_deletes_nothing(site: Site) {
        let clock = TestClock::at(BEGINNING);
        let ledger = site.ledger_at(&clock).await;
        ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
        store(&ledger).await;
        tidy(&ledger).await;
        clock.jump_to(BEGINNING + 3_650 * DAY);
        tidy(&ledger).await;
        assert_eq!(names(&ledger).await, ["ada"]);
        // Also not if something is recorded meanwhile, and not by a server that starts now.
        ledger.append(role_unit(new_role(), "operators")).await.expect("a role");
        tidy(&ledger).await;
        assert_eq!(names(&ledger).await, ["ada"]);
        clock.jump_to(BEGINNING);
        clock.set(BEGINNING + 30 * DAY);
        tidy(&ledger).await;
        assert_eq!(names(&ledger).await, ["ada"]);
        clock.set(BEGINNING + 31 * DAY);
        tidy(&ledger).await;
        assert_eq!(names(&ledger).await, ["[erased]"]);
    }

    async fn a_server_that_starts_with_a_wrong_clock_deletes_nothing(site: Site) {
        let clock = TestClock::at(BEGINNING);
        let ledger = site.ledger_at(&clock).await;
        ledger.append(role_unit(new_role(), "operators")).await.expect("a role");
        ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
        store(&ledger).await;
        clock.jump_to(BEGINNING + 3_650 * DAY);
        let other = site.ledger_at(&clock).await;
        tidy(&other).await;
        assert_eq!(names(&other).await, ["ada"]);
        assert!(other.refusals().overdue(&KEEPING).await.expect("the database answers").is_some());
        clock.jump_to(BEGINNING + 367 * DAY - 1);
        let overdue = other.refusals().overdue(&KEEPING).await.expect("the database answers").expect("names");
        assert_eq!((overdue.rows, overdue.names), (None, Some(367 - 30 - 1)));
        clock.jump_to(BEGINNING + 32 * DAY);
        assert_eq!(other.refusals().overdue(&KEEPING).await.expect("the database answers"), None);
    }

    async fn old_rows_go_although_new_rows_cannot_be_stored(site: Site) {
        let clock = TestClock::at(BEGINNING);
        let ledger = site.ledger_at(&clock).await;
        ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
        store(&ledger).await;
        tidy(&ledger).await;
        clock.set(BEGINNING + 400 * DAY);
        let db = site.db().await;
        let refuse = match db.engine() {
            "sqlite" => "CREATE TRIGGER no_more BEFORE INSERT ON refusals BEGIN SELECT RAISE(ABORT, 'no more'); END",
            _ => "ALTER TABLE refusals ADD CONSTRAINT no_more CHECK (times < 0) NOT VALID",
        };
        db.script(refuse).await.expect("a rule");
        ledger.refusals().note(login("eve", [192, 0, 2, 1], None));
        assert!(ledger.refusals().store().await.is_err());
        let running = tokio::spawn(Arc::clone(ledger.refusals()).run(KEEPING));
        let gone = async {
            while !refusals(&ledger).await.is_empty() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(10), gone).await.expect("the old row should go");
        running.abort();
    }

    async fn a_row_that_grows_is_not_written_each_second(site: Site) {
        let ledger = site.ledger_at(&TestClock::at(BEGINNING)).await;
        let running = tokio::spawn(Arc::clone(ledger.refusals()).run(KEEPING));
        let (begun, mut noted, mut seen) = (Instant::now(), 0, HashSet::new());
        while begun.elapsed() < Duration::from_secs(8) {
            ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
            noted += 1;
            seen.extend(refusals(&ledger).await.first().map(|kept| kept.times));
            let soon = begun.elapsed() < Duration::from_secs(5);
            assert!(soon || !seen.is_empty(), "a new row should be there soon");
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
        let whole = async {
            while refusals(&ledger).await.iter().map(|kept| kept.times).sum::<i64>() < noted {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(Duration::from_secs(13), whole).await.expect("the whole count comes");
        running.abort();
    }

    async fn a_row_behind_an_erasure_has_no_name(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let ledger = executor.ledger().clone();
        let user = new_user();
        executor.execute(vec![user_created(user, "ada")], &metadata()).await.expect("a user");
        ledger.refusals().note(login("grace", [192, 0, 2, 1], None));
        store(&ledger).await;
        ledger.refusals().note(login("ada", [192, 0, 2, 1], Some(user.0)));
        // Nobody can write until this transaction ends.
        let db = site.db().await;
        let mut alone = db.begin().await.expect("a transaction");
        Head::lock(&mut alone).await.expect("the head's lock");
        let eraser = ledger.clone();
        let erasing = tokio::spawn(async move { eraser.erase_subject(&user.to_string()).await });
        sleep(Duration::from_millis(300)).await;
        let storing = {
            let refusals = Arc::clone(ledger.refusals());
            tokio::spawn(async move { refusals.store().await })
        };
        sleep(Duration::from_millis(300)).await;
        drop(alone);
        erasing.await.expect("no panic").expect("the person is erased");
        storing.await.expect("no panic").expect("the row is stored");
        let mut names = names(&ledger).await;
        names.sort();
        assert_eq!(names, ["[erased]", "grace"]);
    }

    async fn a_box_that_somebody_deletes_is_not_an_erasure(site: Site) {
        let ledger = site.ledger_at(&TestClock::at(BEGINNING)).await;
        ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
        ledger.refusals().note(login("eve", [192, 0, 2, 1], Some(Uuid::from_u128(7))));
        store(&ledger).await;
        let db = site.db().await;
        db.script("CREATE TABLE kept AS SELECT * FROM refusals").await.expect("a copy");
        for change in ["UPDATE refusals SET sealed = NULL", "UPDATE refusals SET period = period - 1"] {
            db.script(change).await.expect("a change");
            assert_eq!(names(&ledger).await, ["altered"; 2], "{change}");
            let restore = "DELETE FROM refusals; INSERT INTO refusals SELECT * FROM kept";
            db.script(restore).await.expect("the rows as before");
        }
        assert_eq!(names(&ledger).await.len(), 2);
    }

    async fn the_oldest_rows_go_if_there_are_too_many(site: Site) {
        let clock = TestClock::at(BEGINNING);
        let ledger = site.ledger_at(&clock).await;
        for number in 0..3_500 {
            clock.set(BEGINNING + number * SECOND);
            ledger.refusals().note(login(&number.to_string(), [192, 0, 2, 1], None));
            if number % 500 == 499 {
                store(&ledger).await;
            }
        }
        let keeping = Keeping { days: 100, most: 1_200, names_days: 30 };
        ledger.refusals().tidy(&keeping).await.expect("the database answers");
        let kept = refusals(&ledger).await;
        assert_eq!(kept.len(), 1_200);
        assert_eq!((name(&kept[0]), name(&kept[1_199])), (Some("3499"), Some("2300")));
        let keeping = Keeping { days: 0, ..keeping };
        clock.set(BEGINNING + 3_000 * SECOND);
        ledger.refusals().tidy(&keeping).await.expect("the database answers");
        assert_eq!(refusals(&ledger).await.len(), 500, "those from the last moment on stay");
    }

    async fn strangers_displace_their_own_rows_and_not_those_of_users(site: Site) {
        let clock = TestClock::at(BEGINNING);
        let ledger = site.ledger_at(&clock).await;
        let user = Uuid::from_u128(7);
        let forbidden = |object: u128| Refused {
            kind: RefusedKind::Permission,
            reason: "forbidden",
            object: Some(ledger::Object { id: Uuid::from_u128(object), aggregate_type: None }),
            name: None,
            path: Some("/api/users/{id}".to_owned()),
            ..login("", [192, 0, 2, 1], Some(user))
        };
        let ended = Refused { kind: RefusedKind::Credential, reason: "ended_token", ..forbidden(4) };
        // The oldest rows are those of the user.
        for refused in [forbidden(1), forbidden(2), forbidden(3), ended] {
            ledger.refusals().note(refused);
        }
        let strangers = async |minute: i64| {
            clock.set(BEGINNING + minute * 60 * SECOND);
            for number in 0..700 {
                // Some of them claim to be the user.
                let claimed = (number % 2 == 0).then_some(user);
                ledger.refusals().note(login(&number.to_string(), [192, 0, 2, 1], claimed));
            }
            store(&ledger).await;
        };
        strangers(1).await;
        strangers(2).await;
        let keeping = Keeping { most: 600, ..KEEPING };
        let objects = async || -> (usize, Vec<u128>) {
            let kept = refusals(&ledger).await;
            let proven = kept.iter().filter(|kept| kept.kind != "login.refused");
            let mut objects: Vec<_> = proven.filter_map(|kept| Some(kept.object?.as_u128())).collect();
            objects.sort_unstable();
            (kept.len(), objects)
        };
        ledger.refusals().tidy(&keeping).await.expect("the database answers");
        assert_eq!(objects().await, (600, vec![1, 2, 3, 4]));
        // A user does not displace all the rows of strangers either.
        for minute in 3..5 {
            for object in 100..600_u32 {
                // Each has a time of its own, so that it is clear which are the oldest.
                clock.set(BEGINNING + minute * 60 * SECOND + i64::from(object));
                ledger.refusals().note(forbidden(object.into()));
            }
            store(&ledger).await;
        }
        ledger.refusals().tidy(&keeping).await.expect("the database answers");
        let (rows, objects) = objects().await;
        assert_eq!((rows, objects), (600, (300..600).collect()));
    }

    async fn a_walk_during_writes_skips_and_repeats_nothing(site: Site) {
        let executor = Arc::new(Executor::new(site.ledger().await));
        for round in 0..40 {
            write(&executor, round).await;
        }
        let all: Vec<_> = walk(executor.ledger(), &Filter::default(), 1_000).await.iter().map(key).collect();
        let reader = site.ledger().await;
        let writing = {
            let executor = Arc::clone(&executor);
            tokio::spawn(async move {
                for round in 40..80 {
                    write(&executor, round).await;
                }
            })
        };
        let seen: Vec<_> = walk(&reader, &Filter::default(), 3).await.iter().map(key).collect();
        writing.await.expect("the writer goes on");
        let distinct: HashSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "something was repeated");
        assert!(seen.is_sorted_by(|one, other| one.0 >= other.0), "the newest should come first");
        let missing: Vec<_> = all.iter().filter(|key| !distinct.contains(key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    async fn whoever_reads_by_time_finds_rows_that_have_grown(site: Site) {
        let clock = TestClock::at(BEGINNING);
        let ledger = site.ledger_at(&clock).await;
        for (name, seconds) in [("grown", 1), ("done", 2), ("grown", 15), ("late", 16), ("late", 59), ("next", 60)] {
            clock.set(BEGINNING + seconds * SECOND);
            ledger.refusals().note(login(name, [192, 0, 2, 1], None));
            store(&ledger).await;
        }
        let at = |seconds: i64| Some(Timestamp::from_micros(BEGINNING + seconds * SECOND));
        for (from, to, expected) in [
            (at(13), None, ["next", "late", "grown"].as_slice()),
            (at(15), None, &["next", "late", "grown"]),
            (at(16), None, &["next", "late"]),
            (at(59), None, &["next", "late"]),
            (at(60), None, &["next"]),
            (at(61), None, &[]),
            (at(13), at(16), &["grown"]),
            (None, at(2), &["grown"]),
            (Some(Timestamp::from_micros(i64::MIN)), at(1), &[]),
        ] {
            let filter = Filter { outcome: Some(Outcome::Refused), from, to, ..Filter::default() };
            for limit in 1..=4 {
                let items = walk(&ledger, &filter, limit).await;
                let found = items.iter().filter_map(|item| match item {
                    Item::Refused(kept) => name(kept),
                    Item::Done(_) => None,
                });
                assert_eq!(found.collect::<Vec<_>>(), expected, "{from:?} {to:?}");
            }
        }
    }

    async fn the_filters_agree_with_an_oracle(site: Site) {
        let world = Arc::new(World::new(&site).await);
        let handle = Handle::current();
        tokio::task::spawn_blocking(move || {
            let mut runner = TestRunner::new(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() });
            let choices = (0_usize..5, 0_usize..5, 0_usize..7, 0_usize..3, 0_i64..100, 0_i64..100, 1_usize..9);
            runner.run(&choices, |choice| handle.block_on(world.agrees(choice))).expect("they agree");
        })
        .await
        .expect("the comparison ends");
    }
}

/// Records something and has something refused.
async fn write(executor: &Executor, round: i64) {
    let metadata = Metadata {
        actor: if round % 3 == 0 {
            Metadata::SYSTEM.to_owned()
        } else {
            Uuid::from_u128(7).to_string()
        },
        ..metadata()
    };
    executor
        .execute(vec![role_created(new_role(), &unique("role"))], &metadata)
        .await
        .expect("a role");
    let ledger = executor.ledger();
    ledger
        .refusals()
        .note(login(&format!("name-{round}"), [192, 0, 2, 1], None));
    if round % 2 == 0 {
        store(ledger).await;
    }
}

/// A ledger with events and refusals of few users and objects.
struct World {
    ledger: Ledger,
    users: Vec<Uuid>,
    objects: Vec<Uuid>,
}

impl World {
    async fn new(site: &Site) -> Self {
        let clock = TestClock::at(BEGINNING);
        let executor = Executor::new(site.ledger_at(&clock).await);
        let users: Vec<_> = (1..=3).map(Uuid::from_u128).collect();
        let (mut objects, mut refused) = (Vec::new(), Vec::new());
        for round in 0..60_i64 {
            clock.set(BEGINNING + round / 2 * SECOND);
            let user = users[usize::try_from(round % 3).expect("small")];
            let metadata = Metadata {
                actor: if round % 7 == 0 {
                    Metadata::SYSTEM.to_owned()
                } else {
                    user.to_string()
                },
                ..metadata()
            };
            let (role, person) = (new_role(), new_user());
            let command = match round % 4 {
                0 => user_created(person, &format!("user-{round}")),
                _ => role_created(role, &format!("role {round}")),
            };
            objects.push(if round % 4 == 0 { person.0 } else { role.0 });
            executor
                .execute(vec![command], &metadata)
                .await
                .expect("an event");
            let object = objects.get(usize::try_from(round / 2).expect("small")).copied();
            refused.push(Refused {
                kind: if round % 5 == 0 {
                    RefusedKind::Permission
                } else {
                    RefusedKind::Login
                },
                object: object.map(|id| ledger::Object {
                    id,
                    aggregate_type: None,
                }),
                ..login(
                    &format!("name-{round}"),
                    [192, 0, 2, 1],
                    (round % 2 == 0).then_some(user),
                )
            });
            // Each third row grows later.
            let again = refused.iter().rev().skip(12).take(1).filter(|_| round % 3 == 0);
            for refused in refused.last().into_iter().chain(again) {
                executor.ledger().refusals().note(refused.clone());
            }
            if round % 10 == 9 {
                store(executor.ledger()).await;
            }
        }
        Self {
            ledger: executor.ledger().clone(),
            users,
            objects,
        }
    }

    /// Compares an answer with a plain filter over everything.
    async fn agrees(
        &self,
        (actor, object, kind, outcome, from, to, limit): (usize, usize, usize, usize, i64, i64, usize),
    ) -> Result<(), TestCaseError> {
        let kinds = [
            "role.created",
            "user.created",
            "login.refused",
            "permission.refused",
            "session.token_issued",
        ];
        let actor = match actor {
            0 => Some(Actor::System),
            actor => self.users.get(actor - 1).copied().map(Actor::Id),
        };
        let filter = Filter {
            actor,
            object: self.objects.get(object * 20).copied(),
            within: None,
            kind: kinds.get(kind).copied().and_then(Kind::parse),
            outcome: [Outcome::Success, Outcome::Refused].get(outcome).copied(),
            from: (from < 30).then(|| Timestamp::from_micros(BEGINNING + from * SECOND)),
            to: (to < 30).then(|| Timestamp::from_micros(BEGINNING + to * SECOND)),
        };
        let all = walk(&self.ledger, &Filter::default(), 1_000).await;
        prop_assert_eq!(all.len(), 120);
        let expected: Vec<_> = all.iter().filter(|item| fits(item, &filter)).map(key).collect();
        let found: Vec<_> = walk(&self.ledger, &filter, limit).await.iter().map(key).collect();
        prop_assert_eq!(found, expected, "{:?}", filter);
        Ok(())
    }
}

fn fits(item: &Item, filter: &Filter) -> bool {
    let (first, last, actor, object, kind, outcome) = match item {
        Item::Done(done) => (
            done.recorded_at,
            done.recorded_at,
            Some(done.actor.clone()),
            Some(done.aggregate_id.clone()),
            done.event_type.clone(),
            Outcome::Success,
        ),
        Item::Refused(kept) => (
            kept.first,
            kept.last,
            kept.actor.map(|id| id.to_string()),
            kept.object.map(|id| id.to_string()),
            kept.kind.clone(),
            Outcome::Refused,
        ),
    };
    let is_kind = |wanted: &Kind| match wanted {
        Kind::Event(name) => kind == *name,
        Kind::Refused(wanted) => kind == wanted.as_str(),
    };
    filter
        .actor
        .as_ref()
        .is_none_or(|wanted| actor == Some(wanted.to_string()))
        && filter
            .object
            .is_none_or(|wanted| object == Some(wanted.to_string()))
        && filter.kind.as_ref().is_none_or(is_kind)
        && filter.outcome.is_none_or(|wanted| wanted == outcome)
        && filter.from.is_none_or(|from| last >= from)
        && filter.to.is_none_or(|to| first < to)
}

/// The plan of a statement for any arguments.
async fn plan(db: &Db, text: &str) -> String {
    if db.engine() == "sqlite" {
        let rows = db
            .all(sql(format!("EXPLAIN QUERY PLAN {text}")))
            .await
            .expect("a plan");
        let steps: Vec<_> = rows.iter().map(|row| row.text(3).expect("a step")).collect();
        return steps.join("\n");
    }
    let mut tx = db.begin().await.expect("a transaction");
    tx.script(&format!(
        "SET LOCAL plan_cache_mode = force_generic_plan; PREPARE page AS {text}"
    ))
    .await
    .expect("a statement");
    let count = (1..9)
        .take_while(|number| text.contains(&format!("${number}")))
        .count();
    let execute = format!("EXPLAIN EXECUTE page({})", vec!["NULL"; count].join(", "));
    let rows = tx.all(sql(execute)).await.expect("a plan");
    tx.script("DEALLOCATE page").await.expect("the statement goes");
    let steps: Vec<_> = rows.iter().map(|row| row.text(0).expect("a step")).collect();
    steps.join("\n")
}

/// Fails unless both engines read the rows of a statement in the order of this index.
async fn is_read_from(index: &str, ran: &Ran, postgres: &Db, sqlite: &Db) {
    let here = plan(postgres, &ran.text).await;
    assert!(here.contains(index), "{index}:\n{}\n{here}", ran.text);
    assert!(
        !["Seq Scan", "Sort"].iter().any(|word| here.contains(word)),
        "{here}"
    );
    for text in ran.on_sqlite() {
        let there = plan(sqlite, &text).await;
        let index = index
            .replace("events_pkey", "PRIMARY KEY")
            .replace("events_aggregate_type", "sqlite_autoindex_events");
        assert!(there.contains(&index), "{index}:\n{text}\n{there}");
        assert!(
            !["SCAN", "TEMP B-TREE"].iter().any(|word| there.contains(word)),
            "{there}"
        );
    }
}

/// Pages cost the same wherever they are: the same few statements with the same number of rows, each read in the order of an index.
#[tokio::test]
async fn every_page_is_read_from_an_index_and_costs_the_same() {
    let site = Site::new(Engine::Postgres).await;
    let world = World::new(&site).await;
    let other = Site::new(Engine::Sqlite).await;
    let sqlite = other.db().await;
    let db = world.ledger.db();
    db.script("ANALYZE").await.expect("statistics");
    let of_kind = |kind| Filter {
        kind: Kind::parse(kind),
        ..Filter::default()
    };
    let of = |outcome| Filter {
        outcome: Some(outcome),
        ..Filter::default()
    };
    let by_actor = Filter {
        actor: Some(Actor::Id(world.users[0])),
        ..Filter::default()
    };
    let by_object = Filter {
        object: Some(world.objects[0]),
        ..Filter::default()
    };
    for (filter, indexes) in [
        (of(Outcome::Success), vec!["events_pkey"]),
        (of(Outcome::Refused), vec!["refusals_by_time"]),
        (Filter::default(), vec!["events_pkey", "refusals_by_time"]),
        (by_actor.clone(), vec!["events_by_actor", "refusals_by_actor"]),
        (
            by_object.clone(),
            vec!["events_aggregate_type", "refusals_by_object"],
        ),
        (of_kind("role.created"), vec!["events_by_type"]),
        // Postgres knows that nearly all refusals are of this kind, and that there are none of the other.
        (of_kind("login.refused"), vec!["refusals_by_"]),
        (of_kind("credential.refused"), vec!["refusals_by_kind"]),
        (
            Filter {
                kind: Kind::parse("login.refused"),
                ..by_actor
            },
            vec!["refusals_by_actor"],
        ),
    ] {
        let (mut after, mut costs) = (None::<Cursor>, Vec::new());
        loop {
            let (page, ran) = statements(world.ledger.audit(&filter, after, 5)).await;
            let page = page.expect("a page");
            costs.push((ran.len(), ran.iter().map(|ran| ran.rows).sum::<u64>()));
            let ran = ran.iter().filter(|ran| ran.text.contains("ORDER BY"));
            for (ran, index) in ran.zip(&indexes) {
                is_read_from(index, ran, db, &sqlite).await;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let most = costs
            .iter()
            .map(|(statements, rows)| (*statements <= 6, *rows <= 20 + 60))
            .min();
        assert_eq!(most, Some((true, true)), "{filter:?}: {costs:?}");
    }
}

/// A ledger on Postgres, and a transaction of somebody else on its database.
macro_rules! on_locked {
    ($lock:literal, $site:ident, $ledger:ident, $holder:ident) => {
        let $site = Site::new(Engine::Postgres).await;
        let $ledger = $site.ledger().await;
        let holding = $site.db().await;
        let mut $holder = holding.begin().await.expect("a transaction");
        $holder.script($lock).await.expect("a lock");
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_table_of_refusals_does_not_stop_appends() {
    on_locked!(
        "LOCK TABLE refusals IN ACCESS EXCLUSIVE MODE",
        site,
        ledger,
        holder
    );
    let running = tokio::spawn(Arc::clone(ledger.refusals()).run(KEEPING));
    let (begun, mut slowest, mut appended) = (Instant::now(), Duration::ZERO, 0);
    while begun.elapsed() < Duration::from_secs(8) {
        ledger
            .refusals()
            .note(login(&appended.to_string(), [192, 0, 2, 1], None));
        let asked = Instant::now();
        let unit = role_unit(new_role(), &unique("role"));
        ledger.append(unit).await.expect("a role");
        slowest = slowest.max(asked.elapsed());
        appended += 1;
    }
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    assert!(appended > 50, "{appended}");
    drop(holder);
    running.abort();
    store(&ledger).await;
    let counted: i64 = refusals(&ledger).await.iter().map(|kept| kept.times).sum();
    assert_eq!(counted, appended);
    site.must_be_sound(&ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_that_cannot_be_stored_do_not_keep_the_ledger_open() {
    on_locked!(
        "LOCK TABLE refusal_keys IN ACCESS EXCLUSIVE MODE",
        site,
        ledger,
        holder
    );
    ledger.refusals().note(login("ada", [192, 0, 2, 1], None));
    let closing = {
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.close().await })
    };
    let gone = timeout(Duration::from_secs(8), ledger.appender_gone()).await;
    drop(holder);
    gone.expect("the appender should end");
    closing.await.expect("the ledger closes");
    drop(site);
}

/// Another node writes a row of a person who is erased meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_waits_for_rows_that_another_node_writes() {
    let site = Site::new(Engine::Postgres).await;
    let executor = Executor::new(site.ledger().await);
    let ledger = executor.ledger().clone();
    let user = new_user();
    let created = executor
        .execute(vec![user_created(user, "ada")], &metadata())
        .await;
    created.expect("a user");
    let db = site.db().await;
    let mut other = db.begin().await.expect("a transaction");
    let insert = sql(
        "INSERT INTO refusals (refusal_id, first_at, last_at, times, kind, reason, actor, period, sealed) \
         VALUES ($1, 0, 0, 1, 'login.refused', 'wrong_password', $2, 0, $3)",
    );
    let insert = insert.bind(Uuid::from_u128(1)).bind(user.0).bind(vec![7_u8]);
    other.execute(insert).await.expect("a row");
    let erasing = tokio::spawn(async move { ledger.erase_subject(&user.to_string()).await });
    sleep(Duration::from_millis(500)).await;
    assert!(!erasing.is_finished());
    other.commit().await.expect("a commit");
    erasing.await.expect("no panic").expect("the person is erased");
    let named = number(&db, "SELECT COUNT(*) FROM refusals WHERE sealed IS NOT NULL").await;
    assert_eq!(named, 0);
}

#[tokio::test]
async fn few_statements_write_any_number_of_rows() {
    let site = Site::new(Engine::Postgres).await;
    let ledger = site.ledger_at(&TestClock::at(BEGINNING)).await;
    let mut name = 0..;
    let (mut texts, mut written) = (HashSet::new(), 0);
    for count in 1..=60_usize {
        for _ in 0..count {
            let name = name.next().expect("there are many").to_string();
            let actor = Uuid::from_u128(count as u128 % 7);
            ledger.refusals().note(login(&name, [192, 0, 2, 1], Some(actor)));
        }
        written += count;
        let (stored, ran) = statements(ledger.refusals().store()).await;
        stored.expect("the database answers");
        texts.extend(ran.into_iter().map(|ran| ran.text));
    }
    // Rows above the limits are rolled up.
    let rows = number(ledger.db(), "SELECT CAST(SUM(times) AS BIGINT) FROM refusals").await;
    assert_eq!(usize::try_from(rows), Ok(written));
    let inserts = texts
        .iter()
        .filter(|text| text.starts_with("INSERT INTO refusals "))
        .count();
    assert!((10..=18).contains(&inserts), "{inserts}");
    assert!(texts.len() <= 30, "{texts:#?}");
}

#[tokio::test]
async fn rows_at_the_limit_are_not_counted_for_each_new_row() {
    let site = Site::new(Engine::Postgres).await;
    let ledger = site.ledger_at(&TestClock::at(BEGINNING)).await;
    let keeping = Keeping { most: 500, ..KEEPING };
    let note = |count: usize, round: usize| {
        for number in 0..count {
            ledger
                .refusals()
                .note(login(&format!("{round}.{number}"), [192, 0, 2, 1], None));
        }
    };
    let mut counted = Vec::new();
    for (round, count) in [600, 1, 3, 10].into_iter().enumerate() {
        note(count, round);
        store(&ledger).await;
        // A row that grows is no new row.
        ledger.refusals().note(login("0.0", [192, 0, 2, 1], None));
        store(&ledger).await;
        let (tidied, ran) = statements(ledger.refusals().tidy(&keeping)).await;
        tidied.expect("the database answers");
        counted.push(ran.iter().any(|ran| ran.text.contains("COUNT(*)")));
    }
    assert_eq!(counted, [true, false, false, true]);
    assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM refusals").await, 500);
}
