//! Snapshots: a long stream is read from its newest snapshot, and every state is the one that all events give.

use std::{collections::BTreeSet, error::Error as _, time::Duration};

use aggregates::{
    Command, State,
    user::{User, UserCommand},
    values::{Context, Operation, Permission, PermissionId, UserId},
};
use futures_util::future::join_all;
use ledger::{
    Executor, Ledger, RebuiltSnapshots,
    ids::{Entropy, SystemEntropy},
};
use projections::sql::{Db, Options, sql};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::Value;
use tokio::runtime::Handle;

use super::{
    on_both_engines, on_each_engine,
    site::{
        Site, metadata, new_role, new_user, number, role_created, role_granted, stored, tokens_revoked,
        unique, unit, user_created,
    },
};
use crate::support::server::Engine;

const USERNAME: &str = "plain-username";
const SNAPSHOTS: &str = "SELECT COUNT(*) FROM stream_snapshots";

/// An executor that makes a snapshot of a stream after every four events.
fn eager(ledger: &Ledger) -> Executor {
    Executor::new(ledger.clone()).with_a_snapshot_every(4)
}

fn tokens_of(user: UserId) -> Command {
    Command::User(user, UserCommand::RevokeAllTokens)
}

fn permission_granted(user: UserId) -> Command {
    let id = PermissionId(SystemEntropy.uuid());
    let resource = format!("line/{id}").parse().expect("a filter");
    let permission = Permission::new(id, resource, Operation::Read, Context::Mqtt).expect("a permission");
    Command::User(user, UserCommand::GrantPermission(permission))
}

async fn execute(executor: &Executor, commands: Vec<Command>) {
    executor
        .execute(commands, &metadata())
        .await
        .expect("the commands should be executed");
}

/// A user whose stream has this many events.
async fn user_with_events(executor: &Executor, name: &str, events: usize) -> UserId {
    let user = new_user();
    execute(executor, vec![user_created(user, name)]).await;
    for _ in 1..events {
        execute(executor, vec![permission_granted(user)]).await;
    }
    user
}

fn json(user: &User) -> Value {
    serde_json::to_value(user).expect("JSON")
}

/// The state of a user from all events, without snapshots.
async fn by_all_events(ledger: &Ledger, user: UserId) -> Value {
    let mut state = State::from(User::default());
    let id = user.to_string();
    let mut stored = stored(ledger).await;
    stored.retain(|event| event.aggregate_type == "user" && event.aggregate_id == id);
    for recorded in ledger.open_events(&stored).await.expect("the events open") {
        state.apply(recorded.event).expect("an event of a user");
    }
    json(&User::try_from(state).expect("a user"))
}

/// The state of a user, as a node that remembers nothing loads it.
async fn loaded(site: &Site, user: UserId) -> (Value, Ledger) {
    let ledger = site.ledger().await;
    let (state, _) = Executor::new(ledger.clone())
        .read::<User>(user)
        .await
        .expect("the user is loaded");
    (json(&state), ledger)
}

async fn run(db: &Db, text: &str) {
    db.script(text).await.expect("the script should run");
}

on_both_engines! {
    async fn a_long_stream_is_read_from_its_snapshot(site: Site) {
        let ledger = site.ledger().await;
        let user = user_with_events(&eager(&ledger), USERNAME, 11).await;
        assert_eq!(number(ledger.db(), "SELECT sequence + 0 FROM stream_snapshots").await, 8);
        let (state, fresh) = loaded(&site, user).await;
        assert_eq!(state, by_all_events(&ledger, user).await);
        let loads = fresh.loads();
        assert_eq!((loads.look_ups(), loads.streams(), loads.snapshots(), loads.misfits()), (1, 1, 1, 0));
        // The event on which the snapshot stands, and three more.
        assert_eq!(loads.events(), 4);
        site.must_be_sound(&ledger).await;
    }

    async fn a_short_stream_gets_no_snapshot(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        let user = user_with_events(&executor, USERNAME, 15).await;
        assert_eq!(number(ledger.db(), SNAPSHOTS).await, 0);
        execute(&executor, vec![tokens_of(user)]).await;
        assert_eq!(number(ledger.db(), SNAPSHOTS).await, 1);
        site.must_be_sound(&ledger).await;
    }

    async fn a_snapshot_holds_nothing_in_plain_text(site: Site) {
        let ledger = site.ledger().await;
        let executor = eager(&ledger);
        user_with_events(&executor, USERNAME, 4).await;
        let role = new_role();
        execute(&executor, vec![role_created(role, "plain-role")]).await;
        let select = "SELECT aggregate_type, aggregate_id, hash, subject, state FROM stream_snapshots";
        let rows = ledger.db().all(sql(select)).await.expect("rows");
        assert_eq!(rows.len(), 1);
        for row in rows {
            let state = row.bytes(4).expect("bytes");
            assert!(state.len() > 200, "the state is not there");
            for secret in [USERNAME, "argon2id", "grant_types", "Live"] {
                let found = state.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "{secret} is in plain text");
            }
            assert_eq!(row.text_or_null(3).expect("a text"), Some(row.text(1).expect("a text")), "whose key?");
        }
    }

    async fn an_erased_person_has_no_snapshot(site: Site) {
        let (ledger, other) = (site.ledger().await, site.ledger().await);
        let executor = eager(&ledger);
        let user = user_with_events(&executor, USERNAME, 9).await;
        user_with_events(&executor, "grace", 4).await;
        assert_eq!(number(ledger.db(), SNAPSHOTS).await, 2);
        other.erase_subject(&user.to_string()).await.expect("the ledger answers");
        assert_eq!(number(ledger.db(), SNAPSHOTS).await, 1, "only the other person's stays");
        // This node still remembers the state with the name.
        for _ in 0..9 {
            execute(&executor, vec![permission_granted(user)]).await;
        }
        assert_eq!(number(ledger.db(), SNAPSHOTS).await, 1);
        let (state, fresh) = loaded(&site, user).await;
        assert_eq!(state["username"], aggregates::sealing::ERASED);
        assert_eq!(fresh.loads().events(), 18);
        assert_eq!(ledger.rebuild_snapshots().await.expect("a rebuild"), RebuiltSnapshots::default());
        site.must_be_sound(&ledger).await;
    }

    async fn a_snapshot_that_does_not_fit_is_not_used(site: Site) {
        let ledger = site.ledger().await;
        let executor = eager(&ledger);
        let user = user_with_events(&executor, USERNAME, 6).await;
        let other = user_with_events(&executor, "grace", 5).await;
        let expected = by_all_events(&ledger, user).await;
        run(ledger.db(), "CREATE TABLE kept AS SELECT * FROM stream_snapshots").await;
        let of = format!("WHERE aggregate_id = '{user}'");
        let a_hash = "(SELECT hash FROM events WHERE position = 1)";
        for (damage, misfits) in [
            (format!("UPDATE stream_snapshots SET hash = {a_hash} {of}"), 1),
            (format!("UPDATE stream_snapshots SET position = position + 1 {of}"), 1),
            (format!("UPDATE stream_snapshots SET sequence = sequence + 1 {of}"), 1),
            (format!("UPDATE stream_snapshots SET sequence = 1000 {of}"), 1),
            (format!("UPDATE stream_snapshots SET sequence = 5, position = 5, hash = (SELECT hash FROM events WHERE position = 5) {of}"), 1),
            (format!("UPDATE stream_snapshots SET state = hash {of}"), 1),
            (format!("UPDATE stream_snapshots SET subject = NULL {of}"), 1),
            (format!("UPDATE stream_snapshots SET subject = '{other}' {of}"), 1),
            (format!("DELETE FROM stream_snapshots {of}; UPDATE stream_snapshots SET aggregate_id = '{user}'"), 1),
            // Snapshots of an older and of a newer program.
            (format!("UPDATE stream_snapshots SET version = 0 {of}"), 0),
            (format!("UPDATE stream_snapshots SET version = 1000 {of}"), 0),
        ] {
            run(ledger.db(), &damage).await;
            let (state, fresh) = loaded(&site, user).await;
            assert_eq!(state, expected, "{damage}");
            let loads = fresh.loads();
            assert_eq!((loads.snapshots(), loads.misfits()), (0, misfits), "{damage}");
            let checked = ledger.check_snapshots().await.expect("a check");
            assert_eq!((checked.unused, checked.wrong.len()), (1, 0), "{damage}");
            run(ledger.db(), "DELETE FROM stream_snapshots; INSERT INTO stream_snapshots SELECT * FROM kept").await;
        }
        assert_eq!(loaded(&site, user).await.1.loads().snapshots(), 1, "the snapshot itself fits");
        run(ledger.db(), "DROP TABLE kept").await;
        site.must_be_sound(&ledger).await;
    }

    async fn a_snapshot_of_another_version_stays_until_a_rebuild(site: Site) {
        let ledger = site.ledger().await;
        let executor = eager(&ledger);
        let user = user_with_events(&executor, USERNAME, 5).await;
        run(ledger.db(), "UPDATE stream_snapshots SET version = 1000").await;
        let executor = eager(&site.ledger().await);
        execute(&executor, vec![permission_granted(user)]).await;
        assert_eq!(number(ledger.db(), SNAPSHOTS).await, 2, "one for each version");
        assert_eq!(loaded(&site, user).await.1.loads().snapshots(), 1);
        let rebuilt = ledger.rebuild_snapshots().await.expect("a rebuild");
        assert_eq!(rebuilt, RebuiltSnapshots { unused: 1, wrong: 0, written: 0 });
        assert_eq!(number(ledger.db(), SNAPSHOTS).await, 1);
    }

    async fn a_rebuild_writes_what_an_older_ledger_lacks(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone()).with_a_snapshot_every(1_000);
        let long = user_with_events(&executor, USERNAME, 70).await;
        user_with_events(&executor, "grace", 15).await;
        assert_eq!(number(ledger.db(), SNAPSHOTS).await, 0);
        let rebuilt = ledger.rebuild_snapshots().await.expect("a rebuild");
        assert_eq!(rebuilt, RebuiltSnapshots { unused: 0, wrong: 0, written: 1 });
        let checked = ledger.check_snapshots().await.expect("a check");
        assert_eq!((checked.right, checked.unused, checked.wrong.len()), (1, 0, 0));
        let (state, fresh) = loaded(&site, long).await;
        assert_eq!(state, by_all_events(&ledger, long).await);
        assert_eq!(fresh.loads().events(), 1);
        assert_eq!(ledger.rebuild_snapshots().await.expect("a rebuild"), RebuiltSnapshots::default(), "nothing is left to do");
    }

    async fn a_snapshot_that_differs_from_the_events_is_found_and_replaced(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        let user = user_with_events(&executor, USERNAME, 16).await;
        // This has the same effect as a program that folds an event in another way.
        let other = "UPDATE events SET event_type = 'user.tokens_revoked', payload = '{}' WHERE position = 7";
        run(ledger.db(), other).await;
        assert_eq!(loaded(&site, user).await.0["permissions"].as_object().expect("a map").len(), 15);
        let checked = ledger.check_snapshots().await.expect("a check");
        let wrong: Vec<_> = checked.wrong.iter().map(ToString::to_string).collect();
        assert_eq!(wrong, [format!("the snapshot of user {user} differs from the events up to its sequence 16")]);
        let rebuilt = ledger.rebuild_snapshots().await.expect("a rebuild");
        assert_eq!(rebuilt, RebuiltSnapshots { unused: 0, wrong: 1, written: 1 });
        assert_eq!(loaded(&site, user).await.0["permissions"].as_object().expect("a map").len(), 14);
        assert_eq!(ledger.check_snapshots().await.expect("a check").right, 1);
    }

    async fn nodes_that_write_at_the_same_time_keep_the_snapshots_right(site: Site) {
        let (one, other) = (site.ledger().await, site.ledger().await);
        let executors = [eager(&one), eager(&other)];
        let users = join_all((0..3).map(|number| {
            let executor = executors[0].clone();
            async move { user_with_events(&executor, &format!("user-{number}"), 1).await }
        })).await;
        join_all((0..60).map(|number| {
            let (executor, user) = (executors[number % 2].clone(), users[number % 3]);
            async move { execute(&executor, vec![tokens_of(user)]).await }
        })).await;
        assert_eq!(stored(&one).await.len(), 3 * 21);
        for user in users {
            let (state, fresh) = loaded(&site, user).await;
            assert_eq!(state, by_all_events(&one, user).await);
            assert_eq!(fresh.loads().snapshots(), 1);
            assert!(fresh.loads().events() <= 5, "{} events were read", fresh.loads().events());
        }
        site.must_be_sound(&one).await;
    }

    async fn a_stream_with_a_large_state_gets_fewer_snapshots(site: Site) {
        let ledger = site.ledger().await;
        let executor = eager(&ledger);
        let user = user_with_events(&executor, USERNAME, 1).await;
        let mut sequences = BTreeSet::new();
        for _ in 0..100 {
            execute(&executor, vec![permission_granted(user)]).await;
            sequences.insert(number(ledger.db(), "SELECT COALESCE(MAX(sequence), 0) + 0 FROM stream_snapshots").await);
        }
        // A small state would get 25 snapshots. One snapshot of this state is about as large as 50 events.
        assert!(sequences.len() < 12, "{sequences:?}");
        let (state, fresh) = loaded(&site, user).await;
        assert_eq!(state, by_all_events(&ledger, user).await);
        assert_eq!(fresh.loads().snapshots(), 1);
        site.must_be_sound(&ledger).await;
    }

    async fn a_rejected_unit_leaves_no_snapshot(site: Site) {
        let ledger = site.ledger().await;
        let executor = eager(&ledger);
        let user = user_with_events(&executor, USERNAME, 3).await;
        // Nobody holds the role's claim.
        let refused = executor.execute(vec![role_granted(user, new_role())], &metadata()).await;
        assert!(refused.is_err());
        assert_eq!(number(ledger.db(), SNAPSHOTS).await, 0);
        execute(&executor, vec![permission_granted(user)]).await;
        assert_eq!(number(ledger.db(), SNAPSHOTS).await, 1);
        site.must_be_sound(&ledger).await;
    }
}

on_each_engine! {
    async fn the_streams_of_many_commands_are_read_by_one_look_up(site: Site) {
        let ledger = site.ledger().await;
        let executor = eager(&ledger);
        let mut users = Vec::new();
        for number in 0..50 {
            users.push(user_with_events(&executor, &format!("user-{number}"), 1 + number % 9).await);
        }
        let fresh = site.ledger().await;
        let commands = users.iter().map(|user| permission_granted(*user)).collect();
        execute(&eager(&fresh), commands).await;
        let loads = fresh.loads();
        assert_eq!((loads.look_ups(), loads.streams()), (1, 50));
        // Those with at least four events have a snapshot.
        assert_eq!(loads.snapshots(), users.len() as u64 - 18);
        site.must_be_sound(&ledger).await;
    }

    async fn a_stream_that_cannot_be_read_does_not_affect_the_others(site: Site) {
        let ledger = site.ledger().await;
        let executor = eager(&ledger);
        let user = user_with_events(&executor, USERNAME, 6).await;
        let other = user_with_events(&executor, "grace", 6).await;
        let third = user_with_events(&executor, "edsger", 2).await;
        for damage in [
            format!("UPDATE subject_keys SET wrapped_key = (SELECT hash FROM events WHERE position = 1) WHERE subject = '{other}'"),
            format!("UPDATE events SET payload = '{{}}' WHERE aggregate_id = '{other}'"),
        ] {
            run(ledger.db(), &damage).await;
            let fresh = site.ledger().await;
            let executor = Executor::new(fresh.clone());
            let (one, bad, last) = tokio::join!(
                executor.read::<User>(user),
                executor.read::<User>(other),
                executor.read::<User>(third),
            );
            assert_eq!(json(&one.expect("the user is loaded").0), by_all_events(&ledger, user).await);
            assert_eq!(last.expect("the user is loaded").0.permissions.len(), 1);
            let cause = bad.expect_err("the stream is damaged").source().expect("a cause").to_string();
            assert_eq!(cause, format!("the stream of user {other} cannot be loaded"));
        }
    }

    async fn a_long_stream_is_loaded_whatever_version_its_snapshot_has(site: Site) {
        let ledger = site.ledger().await;
        let user = user_with_events(&eager(&ledger), USERNAME, 5).await;
        let events = (6..=600).map(|sequence| tokens_revoked(user, sequence)).collect();
        ledger.append(unit(events)).await.expect("events");
        let expected = by_all_events(&ledger, user).await;
        for damage in ["version = 0", "version = -1", "version = 0, hash = state"] {
            run(ledger.db(), &format!("UPDATE stream_snapshots SET {damage}")).await;
            let loading = tokio::time::timeout(Duration::from_secs(60), loaded(&site, user));
            let (state, fresh) = loading.await.expect("loading should end");
            assert_eq!(state, expected, "{damage}");
            let loads = fresh.loads();
            assert_eq!((loads.look_ups(), loads.events(), loads.snapshots(), loads.misfits()), (3, 600, 0, 0), "{damage}");
        }
    }

    async fn a_stream_of_100_000_events_costs_what_one_of_ten_costs(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        let user = user_with_events(&executor, USERNAME, 1).await;
        let mut sequence = 1;
        while sequence < 100_000 {
            let events = (1..=2_000).map(|next| tokens_revoked(user, sequence + next)).collect();
            ledger.append(unit(events)).await.expect("events");
            sequence += 2_000;
        }
        // Nothing has made a snapshot so far. The next command reads the whole stream, and makes one.
        let first = site.ledger().await;
        execute(&Executor::new(first.clone()), vec![permission_granted(user)]).await;
        assert_eq!(first.loads().events(), 100_001);
        let look_ups = first.loads().look_ups();
        assert!(look_ups > 300, "{look_ups} look-ups: one of them held too much");
        let second = site.ledger().await;
        execute(&Executor::new(second.clone()), vec![permission_granted(user)]).await;
        assert_eq!((second.loads().look_ups(), second.loads().events()), (1, 1));
        let (state, third) = loaded(&site, user).await;
        assert_eq!(state["permissions"].as_object().expect("a map").len(), 2);
        assert_eq!((third.loads().look_ups(), third.loads().events()), (1, 2));
    }
}

/// A step of a random history of one user.
#[derive(Clone, Debug)]
enum Step {
    Rename(u8),
    Role {
        role: usize,
        grant: bool,
    },
    Permission,
    RevokePermission,
    Password(u8),
    /// Another node continues. It has no aggregates in memory.
    AnotherNode,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any::<u8>().prop_map(Step::Rename),
        4 => (0..3_usize, any::<bool>()).prop_map(|(role, grant)| Step::Role { role, grant }),
        3 => Just(Step::Permission),
        2 => Just(Step::RevokePermission),
        2 => any::<u8>().prop_map(Step::Password),
        2 => Just(Step::AnotherNode),
    ]
}

/// The command of a step; `None` if the step is not a command.
fn command(step: &Step, user: UserId, state: &User, roles: &[aggregates::values::RoleId]) -> Option<Command> {
    let command = match step {
        Step::AnotherNode => return None,
        Step::Rename(name) => UserCommand::Update(aggregates::user::UpdateUser {
            username: Some(format!("name-{name}-{user}").parse().expect("a username")),
            ..Default::default()
        }),
        Step::Role { role, grant: true } => return Some(role_granted(user, roles[*role])),
        Step::Role { role, grant: false } => UserCommand::RevokeRole {
            role_id: roles[*role],
        },
        Step::Permission => return Some(permission_granted(user)),
        Step::RevokePermission => UserCommand::RevokePermission {
            id: *state.permissions.keys().next()?,
        },
        Step::Password(number) => UserCommand::SetPassword {
            password_hash: aggregates::values::PasswordHash::new(format!("$argon2id${number}")),
        },
    };
    Some(Command::User(user, command))
}

async fn a_history(site: &Site, steps: &[Step], every: i64) {
    let mut ledger = site.ledger().await;
    let mut executor = Executor::new(ledger.clone()).with_a_snapshot_every(every);
    let (user, roles) = (new_user(), [new_role(), new_role(), new_role()]);
    execute(&executor, vec![user_created(user, &user.to_string())]).await;
    for role in roles {
        execute(&executor, vec![role_created(role, &role.to_string())]).await;
    }
    for step in steps {
        let (state, _) = executor.read::<User>(user).await.expect("the user is loaded");
        match command(step, user, &state, &roles) {
            // Some commands are refused, for example to revoke a role that the user does not hold.
            Some(command) => drop(executor.execute(vec![command], &metadata()).await),
            None => {
                ledger.close().await;
                ledger = site.ledger().await;
                executor = Executor::new(ledger.clone()).with_a_snapshot_every(every);
            }
        }
        let (state, _) = executor.read::<User>(user).await.expect("the user is loaded");
        assert_eq!(json(&state), by_all_events(&ledger, user).await);
    }
    let checked = ledger.check_snapshots().await.expect("a check");
    assert_eq!((checked.unused, checked.wrong), (0, vec![]));
    ledger.close().await;
}

on_each_engine! {
    async fn a_snapshot_and_the_events_after_it_give_the_same_state_as_all_events(site: Site) {
        let histories = (prop::collection::vec(step(), 1..40), 1..7_i64);
        let config = ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() };
        let mut runner = TestRunner::new(config);
        let outcome = tokio::task::block_in_place(|| {
            runner.run(&histories, |(steps, every)| {
                Handle::current().block_on(a_history(&site, &steps, every));
                Ok(())
            })
        });
        outcome.unwrap_or_else(|failure| panic!("{failure}"));
        site.must_be_sound(&site.ledger().await).await;
    }
}

/// How many entries of a table's indexes were read, once all other connections have ended: then they have reported what they did.
async fn entries_read(db: &Db, table: &str) -> i64 {
    let others = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let wait = async {
        // The pool of `db` has one connection.
        while number(db, others).await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait)
        .await
        .expect("the others should end");
    let read =
        format!("SELECT SUM(idx_tup_read)::BIGINT FROM pg_stat_user_indexes WHERE relname = '{table}'");
    number(db, &read).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_up_reads_only_what_it_needs_whatever_the_planner_believes() {
    let site = Site::new(Engine::Postgres).await;
    let options = Options {
        connections: 1,
        ..Options::default()
    };
    let db = Db::open(&site.url, &options).await.expect("the database opens");
    let ledger = site.ledger().await;
    let user = user_with_events(&eager(&ledger), USERNAME, 6).await;
    // Now streams have about one event each, except for one stream.
    let events = (7..=2_000)
        .map(|sequence| tokens_revoked(user, sequence))
        .collect();
    ledger.append(unit(events)).await.expect("events");
    let roles = (0..2_000)
        .map(|_| role_created(new_role(), &unique("role")))
        .collect();
    Executor::new(ledger.clone())
        .execute(roles, &metadata())
        .await
        .expect("roles");
    execute(&eager(&ledger), vec![permission_granted(user)]).await;
    assert_eq!(
        number(&db, "SELECT MAX(sequence) FROM stream_snapshots").await,
        2_001
    );
    ledger.close().await;
    run(
        &db,
        "DELETE FROM stream_snapshots WHERE sequence < 0; ANALYZE events; ANALYZE stream_snapshots",
    )
    .await;
    let before = (
        entries_read(&db, "events").await,
        entries_read(&db, "stream_snapshots").await,
    );

    // Statements are planned while there is one snapshot. Then there are many.
    let ledger = site.ledger().await;
    for _ in 0..10 {
        Executor::new(ledger.clone())
            .read::<User>(new_user())
            .await
            .expect("nothing");
    }
    run(
        &db,
        "INSERT INTO stream_snapshots SELECT aggregate_type, 'x' || n, version, sequence, position, hash, subject, state \
         FROM stream_snapshots, generate_series(1, 5000) n",
    )
    .await;
    let (_, version) = Executor::new(ledger.clone())
        .read::<User>(user)
        .await
        .expect("the user");
    ledger.close().await;
    let after = (
        entries_read(&db, "events").await,
        entries_read(&db, "stream_snapshots").await,
    );
    let read = (after.0 - before.0, after.1 - before.1);
    assert!(read.0 < 300 && read.1 < 300, "{read:?} for {version:?}");
}
