//! Batches that the database writes only after the node has given up, and a rebuild between the decision of a batch and its
//! landing.

use std::time::Duration;

use aggregates::{
    Command,
    role::{RoleCommand, UpdateRole},
};
use ledger::{AppendError, Because, Executor, Head, Ledger, Rejection, WithCauses};
use projections::{
    read_models::READ_MODELS,
    rebuild::Shadow,
    sql::{Db, sql},
};

use tokio::time::timeout;

use super::{
    landing::{append, appended, fly, hold, some_role, speed_up, until, wait_behind},
    on_each_engine,
    site::{
        Site, metadata, new_role, new_user, number, role_created, role_unit, tokens_revoked, unique, unit,
    },
};
use crate::support::server::Engine;

/// From now on, each statement that writes events takes `seconds` seconds longer. The node waits for ten seconds.
async fn slow_down(db: &Db, seconds: u32) {
    let script = format!(
        "CREATE TABLE slow (seconds INTEGER NOT NULL); INSERT INTO slow VALUES ({seconds}); \
         CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN PERFORM pg_sleep(seconds) FROM slow; RETURN NULL; END $$; \
         CREATE TRIGGER slow BEFORE INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION be_slow()"
    );
    db.script(&script).await.expect("a trigger");
}

/// Waits until a statement is slow. Statements that begin later are not slow.
async fn speed_up_again(db: &Db) {
    let asleep =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let wait = async {
        while number(db, asleep).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(8), wait)
        .await
        .expect("a slow statement");
    db.execute(sql("DELETE FROM slow")).await.expect("rows should go");
}

async fn position(ledger: &Ledger) -> i64 {
    ledger.head().await.expect("the head").position
}

/// Fails unless the node gave up waiting for the database.
fn must_have_given_up(outcome: &Result<i64, AppendError>) {
    match outcome {
        Err(error @ AppendError::Unavailable(_)) => {
            let text = WithCauses(error).to_string();
            assert!(text.contains("no answer in time"), "{text}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_lands_after_its_callers_have_an_error_is_there_once() {
    let site = Site::new(Engine::Postgres).await;
    let ledger = site.ledger().await;
    speed_up(&ledger).await;
    let db = site.db().await;
    slow_down(&db, 12).await;
    let before = position(&ledger).await;
    let (user, name) = (new_user(), unique("role"));
    let mut both = role_unit(new_role(), &name);
    both.events.push(tokens_revoked(user, 1));
    let first = fly(&ledger, [both]).await;
    // The statement in flight is slow. Those after it are not.
    speed_up_again(&db).await;
    let next = unit(vec![tokens_revoked(user, 2)]);
    let stale = unit(vec![tokens_revoked(user, 1)]);
    let behind = wait_behind(&ledger, [next, stale, role_unit(new_role(), &name)]).await;
    for appending in first {
        must_have_given_up(&appended(appending).await);
    }
    assert_eq!(position(&ledger).await, before, "the batch is not there yet");
    // The units behind it wait for the lock that it holds, and are decided again.
    let mut outcomes = Vec::new();
    for appending in behind {
        outcomes.push(appended(appending).await);
    }
    let [next, stale, taken] = <[_; 3]>::try_from(outcomes).expect("three outcomes");
    assert_eq!(next.expect("the next event"), before + 3);
    assert!(
        matches!(stale, Err(AppendError::Rejected(Rejection::Conflict { .. }))),
        "{stale:?}"
    );
    assert!(
        matches!(taken, Err(AppendError::Rejected(Rejection::ClaimTaken(_)))),
        "{taken:?}"
    );
    assert_eq!(position(&ledger).await, before + 3);
    speed_up(&ledger).await;
    site.must_be_sound(&ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_under_the_lock_that_takes_too_long_is_not_there() {
    let site = Site::new(Engine::Postgres).await.under_the_lock();
    let ledger = site.ledger().await;
    ledger.append(some_role()).await.expect("a role");
    let db = site.db().await;
    slow_down(&db, 12).await;
    let before = position(&ledger).await;
    let slow = append(&ledger, role_unit(new_role(), "slow"));
    // Now the slow batch is in the database, and cannot take another unit.
    speed_up_again(&db).await;
    let behind = append(&ledger, some_role());
    must_have_given_up(&appended(slow).await);
    // The database ends the transaction, whose client has gone, when it is no longer slow. Until then, the lock is not free.
    assert_eq!(appended(behind).await.expect("a role"), before + 1);
    let slow = "SELECT COUNT(*) FROM role_directory WHERE name = 'slow'";
    assert_eq!(number(&db, slow).await, 0);
    site.must_be_sound(&ledger).await;
}

on_each_engine! {
    async fn a_rebuild_between_a_decision_and_its_landing_counts(site: Site) {
        let (ledger, other) = (site.ledger().await, site.ledger().await);
        let executor = Executor::new(ledger.clone());
        let role = new_role();
        let created = role_created(role, &unique("role"));
        executor.execute(vec![created], &metadata()).await.expect("a role");
        speed_up(&ledger).await;
        let db = site.db().await;
        // This damage does not move the head. The batch writes the whole row again.
        let damage = "UPDATE role_directory SET own_permissions = 7, protected = TRUE";
        db.execute(sql(damage)).await.expect("an update");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = match site.engine {
            Engine::Sqlite => format!("sqlite:{}", folder.path().join("shadow").display()),
            Engine::Postgres => site.url.clone(),
        };
        let mut shadow = Shadow::create(&db, &url, READ_MODELS).await.expect("a shadow");
        let (mut live, head) = hold(&site).await;
        let sent = ledger.paths().sent();
        let renamed = RoleCommand::Update(UpdateRole {
            name: Some(unique("renamed").parse().expect("a role name")),
            is_shared: None,
            permissions: None,
        });
        let renaming = {
            let executor = executor.clone();
            tokio::spawn(async move { executor.execute(vec![Command::Role(role, renamed)], &metadata()).await })
        };
        until(|| ledger.paths().sent() > sent).await;
        let behind = wait_behind(&ledger, [some_role(), some_role()]).await;
        other.fill(&shadow, 0, head.position, |_| ()).await.expect("the events should apply");
        let differing = shadow.differing(&mut live).await.expect("both should be readable");
        assert!(!differing.is_empty());
        shadow.swap(&mut live, &differing).await.expect("a swap");
        let touched: Head = head.touch(&mut live).await.expect("the head should move");
        let missed = ledger.paths().locked(Because::NotAlone);
        live.commit().await.expect("a commit");
        shadow.drop(&db).await.expect("the shadow should go");
        renaming.await.expect("no panic").expect("a renamed role");
        for appending in behind {
            appended(appending).await.expect("a role");
        }
        assert!(ledger.paths().locked(Because::NotAlone) > missed, "{:?}", ledger.paths());
        assert_eq!(position(&ledger).await, touched.position + 3, "each once");
        site.must_be_sound(&ledger).await;
    }
}
