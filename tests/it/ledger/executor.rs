//! Commands through the executor: it decides again after a lost race, records all or nothing, and never decides by
//! stale state.

use aggregates::{
    Claim, Command, DomainError,
    role::RoleCommand,
    role::claims::ROLE,
    user::claims::USER,
    user::{User, UserCommand, UserError},
    values::{PasswordHash, PermissionId, UserId},
};
use futures_util::future::join_all;
use ledger::{
    ExecuteError, Executor, Rejection,
    ids::{Entropy, SystemEntropy},
};

use super::{
    on_both_engines,
    site::{
        Site, metadata, new_role, new_session, new_user, number, role_created, role_granted, token_issued,
        unique, user_created,
    },
};

async fn run(executor: &Executor, commands: Vec<Command>) -> Result<usize, ExecuteError> {
    executor
        .execute(commands, &metadata())
        .await
        .map(|appended| appended.events.len())
}

fn permission_granted(user: UserId) -> Command {
    let id = PermissionId(SystemEntropy.uuid());
    let resource = format!("line/{}", id).parse().expect("a filter");
    let permission = aggregates::values::Permission::new(
        id,
        resource,
        aggregates::values::Operation::Read,
        aggregates::values::Context::Mqtt,
    );
    Command::User(
        user,
        UserCommand::GrantPermission(permission.expect("a permission")),
    )
}

fn password_set(user: UserId, phc: &str) -> Command {
    Command::User(
        user,
        UserCommand::SetPassword {
            password_hash: PasswordHash::new(phc),
        },
    )
}

fn deleted(user: UserId) -> Command {
    Command::User(user, UserCommand::Delete)
}

on_both_engines! {
    async fn all_who_hammer_one_aggregate_get_through(site: Site) {
        // One of the executors has a ledger of its own, like another node.
        let near = Executor::new(site.ledger().await);
        let far = Executor::new(site.ledger().await);
        let user = new_user();
        run(&near, vec![user_created(user, "ada")]).await.expect("a user");
        let hammer = async |executor: &Executor| {
            for _ in 0..5 {
                run(executor, vec![permission_granted(user)]).await.expect("a lost race is decided again");
            }
        };
        tokio::join!(join_all((0..25).map(|_| hammer(&near))), join_all((0..5).map(|_| hammer(&far))));
        let db = near.ledger().db();
        assert_eq!(number(db, "SELECT COUNT(*) FROM events").await, 151);
        assert_eq!(number(db, "SELECT MAX(sequence) FROM events").await, 151);
        let seen = near.read::<User>(user).await.expect("a user").0;
        assert_eq!(seen.permissions.len(), 150);
        site.must_be_sound(near.ledger()).await;
    }

    async fn a_unit_of_several_aggregates_is_all_or_nothing(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let (user, role, session) = (new_user(), new_role(), new_session());
        let whole = vec![
            role_created(role, "operators"),
            user_created(user, "ada"),
            role_granted(user, role),
            token_issued(session, user, "laptop"),
        ];
        assert_eq!(run(&executor, whole).await.expect("a unit"), 4);

        let (other, other_role) = (new_user(), new_role());
        let by_the_domain = vec![
            role_created(other_role, "fitters"),
            user_created(other, "grace"),
            deleted(new_user()),
        ];
        let refused = run(&executor, by_the_domain).await;
        assert!(
            matches!(refused, Err(ExecuteError::Domain { index: 2, error: DomainError::User(UserError::NotFound) })),
            "{refused:?}"
        );
        let by_the_ledger = vec![
            role_created(other_role, "fitters"),
            user_created(other, "grace"),
            role_granted(other, other_role),
            role_created(new_role(), "operators"),
        ];
        let refused = run(&executor, by_the_ledger).await;
        assert!(matches!(refused, Err(ExecuteError::Rejected(Rejection::ClaimTaken(_)))), "{refused:?}");
        let db = executor.ledger().db();
        for (table, rows) in [("events", 4), ("user_directory", 1), ("role_directory", 1), ("sessions", 1)] {
            assert_eq!(number(db, &format!("SELECT COUNT(*) FROM {table}")).await, rows, "{table}");
        }
        run(&executor, vec![user_created(other, "grace")]).await.expect("nothing is left of what was refused");
        site.must_be_sound(executor.ledger()).await;
    }

    async fn what_is_remembered_is_never_the_reason(site: Site) {
        let here = Executor::new(site.ledger().await);
        let there = Executor::new(site.ledger().await);
        let (user, role) = (new_user(), new_role());
        run(&here, vec![role_created(role, "operators"), user_created(user, "ada"), role_granted(user, role)])
            .await
            .expect("a user with a role");

        // The role is revoked on the other node. So granting it again on this node must record an event.
        run(&there, vec![Command::User(user, UserCommand::RevokeRole { role_id: role })]).await.expect("a role held");
        assert_eq!(run(&here, vec![role_granted(user, role)]).await.expect("a grant"), 1);
        // The role is granted on this node. So revoking it on the other node must succeed.
        let revoked = Command::User(user, UserCommand::RevokeRole { role_id: role });
        assert_eq!(run(&there, vec![revoked]).await.expect("a role held"), 1);

        // The password is changed on the other node. This node must see the new one.
        run(&there, vec![password_set(user, "$argon2id$second")]).await.expect("a password");
        let seen = here.read::<User>(user).await.expect("a user").0;
        assert_eq!(seen.password_hash, Some(PasswordHash::new("$argon2id$second")));

        // If a stale state leads to an event, the ledger detects it, and the executor decides again.
        run(&there, vec![permission_granted(user)]).await.expect("a permission");
        run(&here, vec![permission_granted(user)]).await.expect("a permission");
        assert_eq!(here.read::<User>(user).await.expect("a user").0.permissions.len(), 2);

        run(&there, vec![deleted(user)]).await.expect("a user");
        let gone = run(&here, vec![permission_granted(user)]).await;
        assert!(matches!(gone, Err(ExecuteError::Domain { index: 0, error: DomainError::User(UserError::NotFound) })));
        assert!(!here.read::<User>(user).await.expect("an answer").0.exists());
    }

    async fn a_role_deleted_meanwhile_is_not_granted(site: Site) {
        let here = Executor::new(site.ledger().await);
        let there = Executor::new(site.ledger().await);
        let (user, role) = (new_user(), new_role());
        run(&here, vec![role_created(role, "operators"), user_created(user, "ada")]).await.expect("a user and a role");
        run(&there, vec![Command::Role(role, RoleCommand::Delete)]).await.expect("a role");
        let refused = run(&here, vec![role_granted(user, role)]).await;
        let missing = Claim::new(ROLE, role.to_string());
        assert!(matches!(&refused, Err(ExecuteError::Rejected(Rejection::ClaimMissing(claim))) if *claim == missing), "{refused:?}");
    }

    async fn a_user_deleted_meanwhile_gets_no_session(site: Site) {
        let here = Executor::new(site.ledger().await);
        let there = Executor::new(site.ledger().await);
        let user = new_user();
        run(&here, vec![user_created(user, "ada")]).await.expect("a user");
        run(&there, vec![deleted(user)]).await.expect("a user");
        let refused = run(&here, vec![token_issued(new_session(), user, "laptop")]).await;
        let missing = Claim::new(USER, user.to_string());
        assert!(matches!(&refused, Err(ExecuteError::Rejected(Rejection::ClaimMissing(claim))) if *claim == missing), "{refused:?}");
    }

    async fn a_role_goes_or_is_granted_first_but_never_both_the_wrong_way(site: Site) {
        let here = Executor::new(site.ledger().await);
        let there = Executor::new(site.ledger().await);
        for _ in 0..10 {
            let (user, role) = (new_user(), new_role());
            let made = vec![role_created(role, &unique("role")), user_created(user, &unique("user"))];
            run(&here, made).await.expect("a user and a role");
            let (granted, gone) = tokio::join!(
                run(&here, vec![role_granted(user, role)]),
                run(&there, vec![Command::Role(role, RoleCommand::Delete)]),
            );
            gone.expect("a role can be deleted");
            assert!(matches!(granted, Ok(1) | Err(ExecuteError::Rejected(Rejection::ClaimMissing(_)))), "{granted:?}");
        }
        site.must_be_sound(here.ledger()).await;
    }
}
