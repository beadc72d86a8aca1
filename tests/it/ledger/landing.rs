//! Batches that are decided without the head's lock, and what comes between the decision and the commit.

use std::time::Duration;

use aggregates::{
    Command, Event,
    session::{SessionCommand, SessionEvent},
    user::UserCommand,
    values::UserId,
};
use futures_util::{
    FutureExt,
    future::{join_all, ready},
};
use ledger::{AppendError, Because, Executor, Head, Ledger, NewEvent, Unit};
use projections::sql::{Tx, sql};
use tokio::{task::JoinHandle, time::timeout};

use super::{
    on_each_engine,
    site::{
        Site, metadata, new_role, new_session, new_user, number, role_created, role_granted, role_unit,
        stored, token_issued, tokens_revoked, unique, unit, user_created,
    },
};
use crate::support::{outage::Network, postgres::Cluster, server::Engine};

/// How long a test waits at most.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) type Appending = JoinHandle<Result<i64, AppendError>>;

/// Puts a unit into the appender's queue, and waits for the answer in a task of its own.
pub(super) fn append(ledger: &Ledger, unit: Unit) -> Appending {
    let ledger = ledger.clone();
    let mut appending = async move { ledger.append(unit).await.map(|appended| appended.position) }.boxed();
    match (&mut appending).now_or_never() {
        Some(answered) => tokio::spawn(ready(answered)),
        None => tokio::spawn(appending),
    }
}

pub(super) async fn appended(appending: Appending) -> Result<i64, AppendError> {
    let answered = timeout(PATIENCE, appending).await;
    answered.expect("an answer in time").expect("no panic")
}

pub(super) fn some_role() -> Unit {
    role_unit(new_role(), &unique("role"))
}

/// A token of a user. Its label is sealed with the user's key.
fn token_unit(user: UserId, label: &str) -> Unit {
    let session = new_session();
    let Command::Session(_, SessionCommand::IssueToken(token)) = token_issued(session, user, label) else {
        panic!("a token is issued for a session");
    };
    unit(vec![NewEvent {
        aggregate_id: session.to_string(),
        sequence: 1,
        event: Event::Session(SessionEvent::TokenIssued {
            user_id: token.user_id,
            face: token.face,
            fingerprint: token.fingerprint,
            label: token.label.to_string(),
            methods: token.methods,
            issued_at: token.issued_at,
            expires_at: token.expires_at,
        }),
    }])
}

/// Waits until something is so.
pub(super) async fn until(is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("this should come to pass");
}

/// Puts units into the queue while the head is held, and waits until a batch of them is in flight.
pub(super) async fn fly(ledger: &Ledger, units: impl IntoIterator<Item = Unit>) -> Vec<Appending> {
    let sent = ledger.paths().sent();
    let appending = units.into_iter().map(|unit| append(ledger, unit)).collect();
    until(|| ledger.paths().sent() > sent).await;
    appending
}

/// Puts units into the queue while a batch is in flight and no other batch waits. Waits until the appender has decided some or all
/// of them as the next batch, or keeps them for later.
pub(super) async fn wait_behind(ledger: &Ledger, units: impl IntoIterator<Item = Unit>) -> Vec<Appending> {
    let overlapped = ledger.paths().overlapped();
    let appending = units.into_iter().map(|unit| append(ledger, unit)).collect();
    until(|| ledger.paths().overlapped() > overlapped || ledger.waiting() == 0).await;
    appending
}

/// Waits until the appender has taken everything from its queue.
async fn until_taken(ledger: &Ledger) {
    until(|| ledger.waiting() == 0).await;
}

/// A transaction of another process that locks the head, so that no batch lands.
pub(super) async fn hold(site: &Site) -> (Tx<'static>, Head) {
    let db = site.db().await;
    let mut tx = db.begin().await.expect("a transaction");
    let head = Head::lock(&mut tx).await.expect("the head's lock");
    (tx, head)
}

/// Appends until this node decides batches without the lock.
pub(super) async fn speed_up(ledger: &Ledger) {
    let before = ledger.paths().fast();
    for _ in 0..100 {
        ledger.append(some_role()).await.expect("a role");
        if ledger.paths().fast() > before {
            return;
        }
    }
    panic!("{:?}", ledger.paths());
}

fn is_unavailable<T: std::fmt::Debug>(outcome: &Result<T, AppendError>) -> bool {
    matches!(outcome, Err(AppendError::Unavailable(_)))
}

on_each_engine! {
    async fn a_node_that_writes_alone_needs_no_lock(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        speed_up(&ledger).await;
        let (user, role) = (new_user(), new_role());
        let before = ledger.paths().fast();
        let commands = [
            user_created(user, &unique("user")),
            role_created(role, &unique("role")),
            role_granted(user, role),
            Command::User(user, UserCommand::RevokeRole { role_id: role }),
        ];
        for command in commands {
            executor.execute(vec![command], &metadata()).await.expect("a command");
        }
        assert_eq!(ledger.paths().fast(), before + 4, "{:?}", ledger.paths());
        site.must_be_sound(&ledger).await;
    }

    async fn the_next_batch_is_decided_while_one_is_in_flight(site: Site) {
        let ledger = site.ledger().await;
        speed_up(&ledger).await;
        let (tx, head) = hold(&site).await;
        let user = new_user();
        let (role, name) = (new_role(), unique("role"));
        let first = fly(&ledger, [unit(vec![tokens_revoked(user, 1)]), role_unit(role, &name)]).await;
        // The decisions about these units depend on the batch in flight, which is not committed: the next event of the
        // stream, the same event again, and a name that the batch in flight takes.
        let next = append(&ledger, unit(vec![tokens_revoked(user, 2)]));
        let stale = append(&ledger, unit(vec![tokens_revoked(user, 1)]));
        let taken = append(&ledger, role_unit(new_role(), &name));
        until(|| ledger.paths().overlapped() > 0).await;
        drop(tx);
        for appending in first {
            appended(appending).await.expect("the first batch");
        }
        appended(next).await.expect("the next event");
        assert!(matches!(appended(stale).await, Err(AppendError::Rejected(_))));
        assert!(matches!(appended(taken).await, Err(AppendError::Rejected(_))));
        assert!(ledger.paths().overlapped() >= 1, "{:?}", ledger.paths());
        assert_eq!(ledger.head().await.expect("the head").position, head.position + 3);
        site.must_be_sound(&ledger).await;
    }

    async fn a_head_that_moves_before_the_commit_sends_all_under_the_lock(site: Site) {
        let ledger = site.ledger().await;
        speed_up(&ledger).await;
        let (mut tx, head) = hold(&site).await;
        let first = fly(&ledger, [some_role()]).await;
        let others = wait_behind(&ledger, [some_role(), some_role(), some_role()]).await;
        head.touch(&mut tx).await.expect("the head should move");
        tx.commit().await.expect("a commit");
        let mut positions = Vec::new();
        for appending in first.into_iter().chain(others) {
            positions.push(appended(appending).await.expect("a role"));
        }
        positions.sort_unstable();
        let expected: Vec<_> = (1..=4).map(|n| head.position + n).collect();
        assert_eq!(positions, expected, "each once");
        assert!(ledger.paths().locked(Because::NotAlone) >= 1, "{:?}", ledger.paths());
        // The node writes alone again, so it decides without the lock again.
        speed_up(&ledger).await;
        site.must_be_sound(&ledger).await;
    }

    async fn what_another_node_writes_between_two_appends_counts(site: Site) {
        let (one, other) = (site.ledger().await, site.ledger().await);
        speed_up(&one).await;
        let (user, name) = (new_user(), unique("role"));
        one.append(unit(vec![tokens_revoked(user, 1)])).await.expect("the first event");
        other.append(unit(vec![tokens_revoked(user, 2)])).await.expect("the second event");
        other.append(role_unit(new_role(), &name)).await.expect("a role");
        let stale = one.append(unit(vec![tokens_revoked(user, 2)])).await;
        assert!(matches!(stale, Err(AppendError::Rejected(_))), "{stale:?}");
        let taken = one.append(role_unit(new_role(), &name)).await;
        assert!(matches!(taken, Err(AppendError::Rejected(_))), "{taken:?}");
        one.append(unit(vec![tokens_revoked(user, 3)])).await.expect("the third event");
        site.must_be_sound(&one).await;
        site.must_be_sound(&other).await;
    }

    async fn an_erased_person_stays_erased_while_a_batch_is_in_flight(site: Site) {
        let (ledger, other) = (site.ledger().await, site.ledger().await);
        let executor = Executor::new(ledger.clone());
        let user = new_user();
        executor.execute(vec![user_created(user, &unique("ada"))], &metadata()).await.expect("a user");
        speed_up(&ledger).await;
        // The node has the person's key in its memory, and could seal with it.
        let (tx, _) = hold(&site).await;
        let first = fly(&ledger, [some_role()]).await;
        let erasing = {
            let other = other.clone();
            tokio::spawn(async move { other.erase_subject(&user.to_string()).await })
        };
        let issuing = {
            let executor = executor.clone();
            let issue = token_issued(new_session(), user, "the phone of Ada");
            tokio::spawn(async move { executor.execute(vec![issue], &metadata()).await })
        };
        until_taken(&ledger).await;
        drop(tx);
        for appending in first {
            appended(appending).await.expect("a role");
        }
        assert!(erasing.await.expect("no panic").expect("an erasure"));
        issuing.await.expect("no panic").expect("a token");
        // The order does not matter: no label can be read, and no later label either.
        let issue = token_issued(new_session(), user, "the phone of Ada");
        executor.execute(vec![issue], &metadata()).await.expect("a token");
        let kept = "SELECT COUNT(*) FROM subject_keys WHERE wrapped_key IS NOT NULL";
        assert_eq!(number(ledger.db(), kept).await, 0);
        let labels = "SELECT COUNT(*) FROM sessions WHERE label = '[erased]'";
        assert_eq!(number(ledger.db(), labels).await, 2);
        site.must_be_sound(&ledger).await;
    }

    async fn a_lock_that_is_not_free_in_time_is_not_tried_twice(site: Site) {
        let ledger = site.ledger().await;
        speed_up(&ledger).await;
        let (tx, head) = hold(&site).await;
        let outcome = appended(append(&ledger, some_role())).await;
        assert!(is_unavailable(&outcome), "{outcome:?}");
        drop(tx);
        let next = ledger.append(some_role()).await.expect("a role");
        assert_eq!(next.position, head.position + 1, "nothing of the refused unit is there");
        speed_up(&ledger).await;
        site.must_be_sound(&ledger).await;
    }

    async fn only_newer_programs_may_write_what_they_made(site: Site) {
        let ledger = site.ledger().await;
        speed_up(&ledger).await;
        let db = site.db().await;
        let newer = sql("UPDATE ledger_head SET lowest_writer = 1000000");
        db.execute(newer).await.expect("an update");
        for _ in 0..2 {
            let outcome = ledger.append(some_role()).await;
            assert!(is_unavailable(&outcome), "{outcome:?}");
        }
        let same = sql("UPDATE ledger_head SET lowest_writer = 1");
        db.execute(same).await.expect("an update");
        ledger.append(some_role()).await.expect("a role");
        site.must_be_sound(&ledger).await;
    }

    async fn a_row_that_should_be_new_but_is_there_is_replaced(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        let (user, role) = (new_user(), new_role());
        let made = vec![user_created(user, "ada"), role_created(role, "operators")];
        executor.execute(made, &metadata()).await.expect("a user and a role");
        let damage = "INSERT INTO user_roles (user_id, role_id, granted_position, granted_at) \
             SELECT u.user_id, r.role_id, 1, 1 FROM user_directory u CROSS JOIN role_directory r";
        assert_eq!(site.db().await.execute(sql(damage)).await.expect("a row"), 1);
        speed_up(&ledger).await;
        let refused = ledger.paths().locked(Because::Refused);
        executor.execute(vec![role_granted(user, role)], &metadata()).await.expect("a granted role");
        assert_eq!(ledger.paths().locked(Because::Refused), refused + 1, "{:?}", ledger.paths());
        site.must_be_sound(&ledger).await;
        executor.execute(vec![user_created(new_user(), "grace")], &metadata()).await.expect("another user");
        speed_up(&ledger).await;
        site.must_be_sound(&ledger).await;
    }

    async fn such_a_row_is_also_replaced_while_another_node_writes(site: Site) {
        let (ledger, other) = (site.ledger().await, site.ledger().await);
        let executor = Executor::new(ledger.clone());
        let (user, role) = (new_user(), new_role());
        let made = vec![user_created(user, "ada"), role_created(role, "operators")];
        executor.execute(made, &metadata()).await.expect("a user and a role");
        let damage = "INSERT INTO user_roles (user_id, role_id, granted_position, granted_at) \
             SELECT u.user_id, r.role_id, 1, 1 FROM user_directory u CROSS JOIN role_directory r";
        assert_eq!(site.db().await.execute(sql(damage)).await.expect("a row"), 1);
        speed_up(&ledger).await;
        other.append(some_role()).await.expect("a role of another node");
        let missed = ledger.paths().locked(Because::NotAlone);
        executor.execute(vec![role_granted(user, role)], &metadata()).await.expect("a granted role");
        assert_eq!(ledger.paths().locked(Because::NotAlone), missed + 1, "{:?}", ledger.paths());
        site.must_be_sound(&ledger).await;
    }

    async fn what_was_decided_in_another_epoch_is_decided_again(site: Site) {
        let ledger = site.ledger().await;
        speed_up(&ledger).await;
        let db = site.db().await;
        db.execute(sql("UPDATE ledger_head SET epoch = epoch + 1")).await.expect("an update");
        let before = ledger.paths().locked(Because::NotAlone);
        ledger.append(some_role()).await.expect("a role");
        assert_eq!(ledger.paths().locked(Because::NotAlone), before + 1, "{:?}", ledger.paths());
        speed_up(&ledger).await;
        site.must_be_sound(&ledger).await;
    }

    async fn a_unit_that_the_database_refuses_fails_alone(site: Site) {
        let ledger = site.ledger().await;
        speed_up(&ledger).await;
        let (tx, head) = hold(&site).await;
        let first = fly(&ledger, [some_role()]).await;
        // The read models accept only UUIDs.
        let mut faulty = some_role();
        faulty.events[0].aggregate_id = "no uuid".to_owned();
        let faulty = append(&ledger, faulty);
        let sound: Vec<_> = (0..3).map(|_| append(&ledger, some_role())).collect();
        until_taken(&ledger).await;
        drop(tx);
        for appending in first {
            appended(appending).await.expect("the first");
        }
        let outcome = appended(faulty).await;
        assert!(is_unavailable(&outcome), "{outcome:?}");
        for appending in sound {
            appended(appending).await.expect("the others");
        }
        assert_eq!(ledger.head().await.expect("the head").position, head.position + 4);
        site.must_be_sound(&ledger).await;
    }

    async fn a_key_that_the_batch_in_flight_makes_seals_the_next_batch(site: Site) {
        let ledger = site.ledger().await;
        speed_up(&ledger).await;
        let user = new_user();
        let (tx, _) = hold(&site).await;
        let first = fly(&ledger, [token_unit(user, "the phone")]).await;
        let next = append(&ledger, token_unit(user, "the tablet"));
        until(|| ledger.paths().overlapped() > 0).await;
        drop(tx);
        for appending in first {
            appended(appending).await.expect("a token");
        }
        appended(next).await.expect("a token");
        assert!(ledger.paths().overlapped() >= 1, "{:?}", ledger.paths());
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM subject_keys").await, 1);
        // A node that knows only what is stored can open both.
        let other = site.ledger().await;
        let events = other.open_events(&stored(&other).await).await.expect("events should open");
        let labels = events.iter().filter(|event| format!("{:?}", event.event).contains("the phone"));
        assert_eq!(labels.count(), 1);
        let labels = events.iter().filter(|event| format!("{:?}", event.event).contains("the tablet"));
        assert_eq!(labels.count(), 1);
        site.must_be_sound(&other).await;
    }

    async fn an_erasure_gets_its_turn_although_units_keep_coming(site: Site) {
        let ledger = site.ledger().await;
        let user = new_user();
        ledger.append(token_unit(user, "the phone")).await.expect("a token");
        let busy: Vec<_> = (0..8)
            .map(|_| {
                let ledger = ledger.clone();
                tokio::spawn(async move {
                    loop {
                        ledger.append(some_role()).await.expect("a role");
                    }
                })
            })
            .collect();
        until_taken(&ledger).await;
        let erased = timeout(PATIENCE, ledger.erase_subject(&user.to_string())).await;
        assert!(erased.expect("in time").expect("an erasure"));
        for task in busy {
            task.abort();
        }
        site.must_be_sound(&ledger).await;
    }

    async fn units_without_an_event_are_decided_under_the_lock(site: Site) {
        let ledger = site.ledger().await;
        speed_up(&ledger).await;
        let before = ledger.paths().locked(Because::NothingToWrite);
        let stale = ledger.append(unit(vec![tokens_revoked(new_user(), 7)])).await;
        assert!(matches!(stale, Err(AppendError::Rejected(_))), "{stale:?}");
        assert_eq!(ledger.paths().locked(Because::NothingToWrite), before + 1);
    }

    async fn two_nodes_at_once_lose_nothing_and_both_get_their_turn(site: Site) {
        let nodes = [site.ledger().await, site.ledger().await];
        const UNITS: usize = 60;
        let users: Vec<UserId> = (0..8).map(|_| new_user()).collect();
        let writers = nodes.iter().flat_map(|node| (0..4).map(move |_| node.clone()));
        let written = join_all(writers.zip(users.iter().copied().cycle()).map(|(node, user)| async move {
            let mut positions = Vec::new();
            let mut sequence = 1;
            while positions.len() < UNITS / 4 {
                match node.append(unit(vec![tokens_revoked(user, sequence)])).await {
                    Ok(appended) => positions.push(appended.position),
                    Err(AppendError::Rejected(_)) => {}
                    Err(error) => panic!("{error}"),
                }
                sequence += 1;
            }
            positions
        }));
        let mut positions: Vec<_> = timeout(2 * PATIENCE, written).await.expect("in time").concat();
        positions.sort_unstable();
        let expected: Vec<_> = (1..=positions.len() as i64).collect();
        assert_eq!(positions, expected);
        assert_eq!(stored(&nodes[0]).await.len(), positions.len());
        for node in &nodes {
            site.must_be_sound(node).await;
        }
    }
}

/// Ends the connection over which a node writes a batch and waits.
async fn end_the_landing(site: &Site) {
    let db = site.db().await;
    let text = "SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND query LIKE 'WITH head%' AND state = 'active' \
                AND pid <> pg_backend_pid()) AS ended";
    let ended = db.optional(sql(text)).await.expect("an answer").expect("a row");
    assert_eq!(ended.int(0).expect("a number"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_whose_client_is_gone_counts_once_or_never() {
    let database = Cluster::shared().create_database();
    let network = Network::before(&database.url).await;
    let site = Site::at(Engine::Postgres, network.url.clone()).await;
    let direct = Site::at(Engine::Postgres, database.url.clone()).await;
    let ledger = site.ledger().await;
    for round in 0..10 {
        while ledger.append(some_role()).await.is_err() {}
        speed_up(&ledger).await;
        let (tx, head) = hold(&direct).await;
        let first = fly(&ledger, [some_role()]).await;
        let others = wait_behind(&ledger, [some_role(), some_role(), some_role()]).await;
        // The statement still waits in the database. The node asks whether it took effect, and also waits for the lock.
        network.hang_up();
        drop(tx);
        let mut positions = Vec::new();
        for appending in first.into_iter().chain(others) {
            positions.push(appended(appending).await.expect("a role"));
        }
        positions.sort_unstable();
        let expected: Vec<_> = (1..=4).map(|n| head.position + n).collect();
        assert_eq!(positions, expected, "round {round}");
    }
    site.must_be_sound(&ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_before_the_answer_leaves_each_unit_once() {
    let site = Site::new(Engine::Postgres).await;
    let ledger = site.ledger().await;
    speed_up(&ledger).await;
    let (tx, head) = hold(&site).await;
    let first = fly(&ledger, [some_role()]).await;
    let others = wait_behind(&ledger, [some_role(), some_role(), some_role()]).await;
    end_the_landing(&site).await;
    drop(tx);
    for appending in first {
        appended(appending).await.expect("the first");
    }
    for other in others {
        appended(other).await.expect("the others");
    }
    assert_eq!(ledger.head().await.expect("the head").position, head.position + 4);
    assert!(
        ledger.paths().locked(Because::Refused) >= 1,
        "{:?}",
        ledger.paths()
    );
    site.must_be_sound(&ledger).await;
}
