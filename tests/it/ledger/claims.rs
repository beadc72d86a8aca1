//! A claim has one holder, even if many ask at the same time.

use std::collections::BTreeSet;

use aggregates::{
    Claim, Command,
    user::claims::{ADMINISTRATOR, USERNAME},
    user::{CreateUser, RoleGrant, UpdateUser, UserCommand},
    values::{RoleId, UserId},
};
use ledger::{ExecuteError, Executor, Rejection};

use super::{
    child::{Child, Task, contend},
    on_both_engines,
    site::{Site, create_user, metadata, new_user, number, role_created, user_created},
};

pub fn renamed(id: UserId, username: &str) -> Command {
    let update = UpdateUser {
        username: Some(username.parse().expect("a username")),
        ..UpdateUser::default()
    };
    Command::User(id, UserCommand::Update(update))
}

pub fn deleted(id: UserId) -> Command {
    Command::User(id, UserCommand::Delete)
}

fn administrator(id: UserId, username: &str) -> Command {
    let grant = RoleGrant {
        role_id: RoleId::ADMINISTRATOR,
        is_shared: true,
    };
    Command::User(
        id,
        UserCommand::Create(CreateUser {
            roles: vec![grant],
            ..create_user(username)
        }),
    )
}

pub fn refusal(outcome: Result<ledger::Appended, ExecuteError>) -> Rejection {
    match outcome {
        Err(ExecuteError::Rejected(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Makes two administrators.
pub async fn two_administrators(executor: &Executor) -> [UserId; 2] {
    let ids = [new_user(), new_user()];
    let commands = vec![
        role_created(RoleId::ADMINISTRATOR, "connectware-admin"),
        administrator(ids[0], "ada"),
        administrator(ids[1], "grace"),
    ];
    executor
        .execute(commands, &metadata())
        .await
        .expect("two administrators");
    ids
}

on_both_engines! {
    async fn one_of_fifty_contenders_wins_and_the_others_leave_no_trace(site: Site) {
        let ledger = site.ledger().await;
        let outcomes = contend(&ledger, "ada", 50).await;
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == "won").count(), 1);
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == "lost").count(), 49);
        for (table, rows) in [("events", 1), ("claims", 3), ("subject_keys", 1), ("user_directory", 1)] {
            assert_eq!(number(ledger.db(), &format!("SELECT COUNT(*) FROM {table}")).await, rows, "{table}");
        }
        site.must_be_sound(&ledger).await;
    }

    async fn one_of_fifty_contenders_in_two_processes_wins(site: Site) {
        let ledger = site.ledger().await;
        let task = Task::Contend { username: "ada".to_owned(), contenders: 25 };
        let mut child = Child::ready(&task, &site.url).await;
        child.go().await;
        let ours = contend(&ledger, "ada", 25).await;
        let mut outcomes = child.rest().await;
        outcomes.extend(ours.into_iter().map(str::to_owned));
        assert_eq!(outcomes.len(), 50);
        assert_eq!(outcomes.iter().filter(|outcome| *outcome == "won").count(), 1, "{outcomes:?}");
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM events").await, 1);
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM subject_keys").await, 1);
        site.must_be_sound(&ledger).await;
    }

    async fn what_is_given_up_can_be_taken_again(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let run = async |commands| executor.execute(commands, &metadata()).await;
        let (ada, grace) = (new_user(), new_user());
        run(vec![user_created(ada, "ada")]).await.expect("a free name");
        assert_eq!(
            refusal(run(vec![user_created(grace, "ada")]).await),
            Rejection::ClaimTaken(Claim::new(USERNAME, "ada"))
        );
        run(vec![renamed(ada, "lovelace")]).await.expect("a free name");
        run(vec![user_created(grace, "ada")]).await.expect("the name is free again");
        assert_eq!(
            refusal(run(vec![renamed(ada, "ada")]).await),
            Rejection::ClaimTaken(Claim::new(USERNAME, "ada"))
        );
        run(vec![deleted(grace)]).await.expect("a user who can go");
        run(vec![renamed(ada, "ada")]).await.expect("the name is free again");
        run(vec![user_created(new_user(), "lovelace")]).await.expect("the name is free again");
    }

    async fn a_unit_that_takes_one_name_twice_is_refused(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let commands = vec![user_created(new_user(), "ada"), user_created(new_user(), "ada")];
        assert_eq!(
            refusal(executor.execute(commands, &metadata()).await),
            Rejection::ClaimTaken(Claim::new(USERNAME, "ada"))
        );
        assert_eq!(number(executor.ledger().db(), "SELECT COUNT(*) FROM events").await, 0);
        assert_eq!(number(executor.ledger().db(), "SELECT COUNT(*) FROM claims").await, 0);
    }

    async fn a_unit_may_hand_names_round(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let run = async |commands| executor.execute(commands, &metadata()).await;
        let (one, other) = (new_user(), new_user());
        run(vec![user_created(one, "ada"), user_created(other, "grace")]).await.expect("free names");
        run(vec![renamed(one, "grace"), renamed(other, "ada")]).await.expect("the two may swap");
        let taken = run(vec![user_created(new_user(), "ada")]).await;
        assert_eq!(refusal(taken), Rejection::ClaimTaken(Claim::new(USERNAME, "ada")));
        run(vec![deleted(one), user_created(new_user(), "grace")]).await.expect("what one gives up another takes");
        site.must_be_sound(executor.ledger()).await;
    }

    async fn two_administrators_who_remove_each_other_leave_one(site: Site) {
        // The first round uses one ledger, so that both units are in one batch. The second round uses two ledgers.
        let (one, other) = (Executor::new(site.ledger().await), Executor::new(site.ledger().await));
        let [ada, grace] = two_administrators(&one).await;
        let metadata = metadata();
        for second in [&one, &other] {
            let (left, right) = tokio::join!(
                one.execute(vec![deleted(ada)], &metadata),
                second.execute(vec![Command::User(grace, UserCommand::RevokeRole { role_id: RoleId::ADMINISTRATOR })], &metadata),
            );
            let (survivor, loser) = if left.is_ok() { (grace, right) } else { (ada, left) };
            assert_eq!(refusal(loser), Rejection::LastClaim(ADMINISTRATOR));
            assert_eq!(number(one.ledger().db(), "SELECT COUNT(*) FROM claims WHERE scope = 'administrator'").await, 1);
            let again = one.execute(vec![deleted(survivor)], &metadata).await;
            assert_eq!(refusal(again), Rejection::LastClaim(ADMINISTRATOR));
            if survivor == grace {
                break;
            }
            // Ada is the administrator that remains. The second round needs both, so Grace gets the role back.
            one.execute(vec![crate::ledger::site::role_granted(grace, RoleId::ADMINISTRATOR)], &metadata).await.expect("a grant");
        }
    }

    async fn an_administrator_may_go_if_the_same_unit_makes_another(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let [ada, grace] = two_administrators(&executor).await;
        let run = async |commands| executor.execute(commands, &metadata()).await;
        run(vec![deleted(ada)]).await.expect("there is another");
        let both = vec![deleted(grace), administrator(new_user(), "katherine")];
        run(both).await.expect("one goes, one comes");
        assert_eq!(number(executor.ledger().db(), "SELECT COUNT(*) FROM claims WHERE scope = 'administrator'").await, 1);
    }

    async fn an_unheld_claim_that_a_unit_needs_refuses_it(site: Site) {
        let ledger = site.ledger().await;
        let mut unit = crate::ledger::site::unit(vec![crate::ledger::site::tokens_revoked(new_user(), 1)]);
        let claim = Claim::new(USERNAME, "ada");
        unit.require = BTreeSet::from([claim.clone()]);
        let refused = ledger.append(unit.clone()).await;
        assert!(
            matches!(&refused, Err(ledger::AppendError::Rejected(Rejection::ClaimMissing(missing))) if *missing == claim),
            "{refused:?}"
        );
        unit.take.push((claim, "somebody".to_owned()));
        ledger.append(unit).await.expect("a unit may take what it needs");
    }
}

/// An operator may have set these defaults of the database for any reason.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_contender_wins_whatever_the_defaults_of_the_database_are() {
    let site = Site::new(crate::support::server::Engine::Postgres).await;
    let db = site.db().await;
    for default in [
        "default_transaction_isolation TO 'serializable'",
        "default_transaction_deferrable TO on",
    ] {
        let name = site.url.rsplit('/').next().expect("a name");
        db.script(&format!("ALTER DATABASE {name} SET {default}"))
            .await
            .expect("a default");
    }
    db.close().await;
    let (one, other) = (site.ledger().await, site.ledger().await);
    let (left, right) = tokio::join!(contend(&one, "ada", 25), contend(&other, "ada", 25));
    let outcomes = [left, right].concat();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "won").count(), 1);
    site.must_be_sound(&one).await;
}
