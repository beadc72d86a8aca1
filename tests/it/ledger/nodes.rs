//! Two nodes on one database: each node decides by what the other has written.

use std::{sync::Arc, time::Duration};

use aggregates::{
    Command,
    user::{CreateUser, UpdateUser, UserCommand},
    values::{Context, Operation, Permission, PermissionId, UserId},
};
use ledger::{
    ExecuteError, Executor, Ledger, OtherVersions, Rejection,
    ids::{Entropy, SystemEntropy},
};
use tokio::task::JoinHandle;

use super::{
    on_both_engines,
    site::{Site, create_user, metadata, new_role, new_user, number, role_created, unique},
};
use crate::support::server::Engine;

const PATIENCE: Duration = Duration::from_secs(10);

/// A node, and the task that follows the ledger for it.
async fn node(site: &Site) -> (Executor, JoinHandle<OtherVersions>) {
    let ledger = site.ledger().await;
    let following = tokio::spawn(Arc::clone(ledger.follower()).run());
    (Executor::new(ledger), following)
}

fn user_who_may_read(user: UserId, resource: &str) -> Command {
    let permission = Permission::new(
        PermissionId(SystemEntropy.uuid()),
        resource.parse().expect("a filter"),
        Operation::Read,
        Context::Mqtt,
    );
    Command::User(
        user,
        UserCommand::Create(CreateUser {
            permissions: vec![permission.expect("a permission")],
            ..create_user(&unique("user"))
        }),
    )
}

fn may_read(ledger: &Ledger, user: UserId, resource: &str) -> bool {
    ledger
        .authorization()
        .check(user, Context::Mqtt, Operation::Read, resource)
        .allowed
}

on_both_engines! {
    async fn what_one_node_writes_the_other_decides_by(site: Site) {
        let (one, first) = node(&site).await;
        let (other, second) = node(&site).await;
        for round in 0..20 {
            let (writer, reader) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
            let user = new_user();
            let written = writer.execute(vec![user_who_may_read(user, "a/b")], &metadata()).await.expect("a user");
            assert!(may_read(writer.ledger(), user, "a/b"), "a node decides by what it wrote");
            assert!(reader.ledger().wait_for(written.position, PATIENCE).await);
            assert!(may_read(reader.ledger(), user, "a/b"), "the other node decides by it too");
            let gone = writer.execute(vec![Command::User(user, UserCommand::Delete)], &metadata()).await.expect("a user");
            assert!(!may_read(writer.ledger(), user, "a/b"));
            assert!(reader.ledger().wait_for(gone.position, PATIENCE).await);
            assert!(!may_read(reader.ledger(), user, "a/b"));
        }
        first.abort();
        second.abort();
    }

    async fn a_node_follows_without_being_asked(site: Site) {
        let writer = Executor::new(site.ledger().await);
        let (reader, following) = node(&site).await;
        let user = new_user();
        let written = writer.execute(vec![user_who_may_read(user, "a/b")], &metadata()).await.expect("a user");
        // `wait_for` would read the ledger by itself, so it is not used.
        let reached = async {
            while reader.ledger().authorization().position() < written.position {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("the node should follow");
        assert!(may_read(reader.ledger(), user, "a/b"));
        following.abort();
    }

    async fn an_answer_is_not_of_an_earlier_position_than_what_it_read(site: Site) {
        let writer = Executor::new(site.ledger().await);
        // Nothing follows the ledger for this node.
        let behind = Executor::new(site.ledger().await);
        let user = new_user();
        let name = unique("user");
        let named = || {
            let username = Some(name.parse().expect("a username"));
            Command::User(user, UserCommand::Update(UpdateUser { username, ..UpdateUser::default() }))
        };
        writer.execute(vec![user_who_may_read(user, "a/b")], &metadata()).await.expect("a user");
        let renamed = writer.execute(vec![named()], &metadata()).await.expect("a name");
        assert!(behind.ledger().authorization().position() < renamed.position, "this node is behind");
        let again = behind.execute(vec![named()], &metadata()).await.expect("the same name");
        assert!(again.events.is_empty(), "{again:?}");
        assert!(again.position >= renamed.position, "{again:?}");

        let deleted = writer.execute(vec![Command::User(user, UserCommand::Delete)], &metadata()).await.expect("no user");
        let refused = behind.execute(vec![named()], &metadata()).await.expect_err("there is no such user");
        assert!(matches!(refused, ExecuteError::Domain { .. }), "{refused}");
        assert!(behind.ledger().position() >= deleted.position);

        let role = unique("role");
        let taken = writer.execute(vec![role_created(new_role(), &role)], &metadata()).await.expect("a role");
        let refused = behind.execute(vec![role_created(new_role(), &role)], &metadata()).await.expect_err("the name is taken");
        assert!(matches!(refused, ExecuteError::Rejected(Rejection::ClaimTaken(_))), "{refused}");
        assert!(behind.ledger().position() >= taken.position);
    }

    async fn a_position_that_is_not_there_is_not_waited_for_for_ever(site: Site) {
        let ledger = site.ledger().await;
        assert!(ledger.wait_for(0, PATIENCE).await);
        assert!(!ledger.wait_for(1, Duration::from_millis(50)).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_listening_connection_is_killed_catches_up() {
    let site = Site::new(Engine::Postgres).await;
    let writer = Executor::new(site.ledger().await);
    let (reader, following) = node(&site).await;
    let listeners =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let db = writer.ledger().db();
    let listening = async || {
        while number(db, listeners).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    for _ in 0..3 {
        tokio::time::timeout(PATIENCE, listening())
            .await
            .expect("the node should listen");
        let killed = number(
            db,
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
             WHERE datname = current_database() AND query LIKE 'LISTEN%'",
        );
        assert!(killed.await >= 1);
        let user = new_user();
        let written = writer
            .execute(vec![user_who_may_read(user, "a/b")], &metadata())
            .await
            .expect("a user");
        let reached = async {
            while reader.ledger().authorization().position() < written.position {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .expect("the node should catch up");
        assert!(may_read(reader.ledger(), user, "a/b"));
    }
    following.abort();
}
