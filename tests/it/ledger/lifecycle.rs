//! Recorded times, and the end of a ledger.

use std::{pin::pin, sync::Arc, time::Duration};

use aggregates::{Command, user::UserCommand, values::Timestamp};
use futures_util::{FutureExt as _, future::join_all};
use ledger::{AppendError, Executor, Head, Ledger, clock::SystemClock, ids::SystemEntropy};
use projections::sql::{Db, Options};

use super::{
    on_both_engines,
    site::{Site, TestClock, key, metadata, new_role, new_user, role_unit, stored, unique, user_created},
};

on_both_engines! {
    async fn time_never_goes_back(site: Site) {
        // A new ledger may store the versions of its read models. Then the time of its head is later than this.
        let clock = TestClock::at(1_000_000_000);
        let ledger = site.ledger_at(&clock).await;
        for now in [2_000_000_000, 3_000_000_000, 1_000_000_000, 2_999_999_999, 3_000_000_001, 0] {
            clock.set(now);
            ledger.append(role_unit(new_role(), &unique("role"))).await.expect("a role");
        }
        // Times do not go back either when another node's clock is behind.
        let behind = site.ledger_at(&TestClock::at(5)).await;
        behind.append(role_unit(new_role(), &unique("role"))).await.expect("a role");
        let times: Vec<i64> = stored(&ledger).await.iter().map(|event| event.recorded_at.micros()).collect();
        assert_eq!(
            times,
            [2_000_000_000, 3_000_000_000, 3_000_000_000, 3_000_000_000, 3_000_000_001, 3_000_000_001, 3_000_000_001]
        );
        assert_eq!(ledger.head().await.expect("the head").recorded_at, Timestamp::from_micros(3_000_000_001));
        site.must_be_sound(&ledger).await;
    }

    async fn a_ledger_says_when_it_can_append_and_load_nothing_any_more(site: Site) {
        let ledger = site.ledger().await;
        let (mut appender, mut loader) = (pin!(ledger.appender_gone()), pin!(ledger.loader_gone()));
        ledger.append(role_unit(new_role(), &unique("role"))).await.expect("a role");
        assert!(appender.as_mut().now_or_never().is_none() && loader.as_mut().now_or_never().is_none());
        ledger.close().await;
        let ended = async { tokio::join!(appender, loader) };
        tokio::time::timeout(Duration::from_secs(10), ended).await.expect("both tasks have ended");
    }

    async fn what_waits_when_the_ledger_closes_is_answered(site: Site) {
        let ledger = site.ledger().await;
        let other = site.db().await;
        let mut lock = other.begin().await.expect("a transaction");
        Head::lock(&mut lock).await.expect("the head's lock");
        // The first append is a batch of its own that waits for the lock. The others wait behind it.
        let waiting = join_all((0..25).map(|_| ledger.append(role_unit(new_role(), &unique("role")))));
        let closed = async {
            tokio::join!(ledger.close(), async {
                tokio::task::yield_now().await;
                drop(lock);
            });
        };
        let (outcomes, ()) = tokio::join!(waiting, closed);
        for outcome in outcomes {
            outcome.expect("what was queued before the end is appended");
        }
        let late = ledger.append(role_unit(new_role(), &unique("role"))).await;
        assert!(matches!(late, Err(AppendError::Unavailable(_))), "{late:?}");
        ledger.close().await;
        let again = site.ledger().await;
        assert_eq!(again.head().await.expect("the head").position, 25);
        site.must_be_sound(&again).await;
    }

    async fn the_database_closes_although_the_appender_keeps_a_connection(site: Site) {
        let ledger = site.ledger().await;
        // Several in a row, so that connections come and go while the appender keeps its own.
        for _ in 0..3 {
            ledger.append(role_unit(new_role(), &unique("role"))).await.expect("a role");
        }
        let closed = tokio::time::timeout(Duration::from_secs(60), ledger.db().close()).await;
        closed.expect("nothing should be waited for");
    }

    async fn callers_that_go_away_harm_nobody(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        let user = new_user();
        executor.execute(vec![user_created(user, "ada")], &metadata()).await.expect("a user");
        let (mut stay, mut go) = (Vec::new(), Vec::new());
        for number in 0..60 {
            let executor = executor.clone();
            // Some of the commands are for one aggregate, so that they wait for each other.
            let target = if number % 3 == 0 { user } else { new_user() };
            let command = match target == user {
                true => Command::User(user, UserCommand::RevokeAllTokens),
                false => user_created(target, &unique("user")),
            };
            let task = tokio::spawn(async move { executor.execute(vec![command], &metadata()).await });
            if number % 2 == 0 { stay.push(task) } else { go.push(task) }
            if number % 5 == 0 {
                tokio::task::yield_now().await;
            }
        }
        go.iter().for_each(tokio::task::JoinHandle::abort);
        for task in stay {
            task.await.expect("a task that stays ends").expect("a command");
        }
        executor.execute(vec![Command::User(user, UserCommand::Delete)], &metadata()).await.expect("nobody is in the way");
        site.must_be_sound(&ledger).await;
    }

    async fn a_head_that_somebody_keeps_locked_does_not_hang_the_ledger(site: Site) {
        let impatient = Options { patience: Duration::from_secs(1), ..Options::default() };
        let db = Db::open(&site.url, &impatient).await.expect("the database should open");
        let ledger = Ledger::open(db, &key(), Arc::new(SystemClock), Arc::new(SystemEntropy), projections::GUARDS)
            .await
            .expect("the ledger should open");
        let other = site.db().await;
        let mut lock = other.begin().await.expect("a transaction");
        Head::lock(&mut lock).await.expect("the head's lock");
        let all = join_all((0..50).map(|_| ledger.append(role_unit(new_role(), &unique("role")))));
        let outcomes = tokio::time::timeout(Duration::from_secs(20), all).await.expect("an answer, not a hang");
        for outcome in outcomes {
            assert!(matches!(outcome, Err(AppendError::Unavailable(_))), "{outcome:?}");
        }
        drop(lock);
        ledger.append(role_unit(new_role(), "after")).await.expect("the lock is free");
        site.must_be_sound(&ledger).await;
    }
}
