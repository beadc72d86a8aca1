//! The stored claims, compared with those that the events give, and corrected.

use aggregates::{
    Claim, Command,
    role::claims::ROLE,
    user::{UserCommand, claims::USER},
    values::{RoleId, UserId},
};
use ledger::{ClaimFlaw, ComparedClaims, Executor, Head, Ledger, Unit, recount};
use projections::sql::{Db, sql};

use super::{
    on_each_engine,
    site::{
        Site, metadata, new_role, new_user, number, role_created, role_granted, tokens_revoked, unit,
        user_created,
    },
};

async fn compare(ledger: &Ledger) -> ComparedClaims {
    ledger.compare_claims(|_| ()).await.expect("a comparison")
}

/// What is wrong, without the ids of whoever it is about.
async fn flaws(ledger: &Ledger) -> Vec<String> {
    let kind = |flaw: &ClaimFlaw| match flaw {
        ClaimFlaw::Missing { stored, .. } if stored.is_some() => "elsewhere",
        ClaimFlaw::Missing { .. } => "missing",
        ClaimFlaw::Unfounded { .. } => "unfounded",
        ClaimFlaw::Twice { .. } => "twice",
        ClaimFlaw::Limits { .. } => "limits",
    };
    let compared = compare(ledger).await;
    let said = compared
        .flaws
        .iter()
        .map(|flaw| format!("{} {}", kind(flaw), flaw.scope()));
    said.collect()
}

/// Corrects what can be corrected, as `muniment rebuild` does.
async fn mend(db: &Db, ledger: &Ledger, compared: &ComparedClaims) -> usize {
    let mut tx = db.begin().await.expect("a transaction");
    let head = Head::lock(&mut tx).await.expect("the head's lock");
    let flaws = compared.correctable();
    let mended = ledger.mend_claims(&mut tx, compared.position, &flaws).await;
    recount(&mut tx, aggregates::scopes()).await.expect("counts");
    head.touch(&mut tx).await.expect("the head");
    tx.commit().await.expect("a commit");
    mended.expect("corrections")
}

async fn run(executor: &Executor, commands: Vec<Command>) {
    executor.execute(commands, &metadata()).await.expect("commands");
}

/// A user with a role of their own, another user, and somebody who was deleted.
async fn people(executor: &Executor) -> [UserId; 2] {
    let (ada, grace, gone, role) = (new_user(), new_user(), new_user(), new_role());
    run(
        executor,
        vec![role_created(role, "operators"), user_created(ada, "ada")],
    )
    .await;
    run(executor, vec![role_granted(ada, role)]).await;
    run(executor, vec![user_created(grace, "grace")]).await;
    run(executor, vec![user_created(gone, "gone")]).await;
    run(executor, vec![Command::User(gone, UserCommand::Delete)]).await;
    [ada, grace]
}

on_each_engine! {
    async fn what_commands_leave_is_right(site: Site) {
        let ledger = site.ledger().await;
        assert_eq!(compare(&ledger).await, ComparedClaims::default());
        let executor = Executor::new(ledger.clone());
        let [ada, _] = people(&executor).await;
        let compared = compare(&ledger).await;
        let stored = number(ledger.db(), "SELECT COUNT(*) FROM claims WHERE scope NOT LIKE '%alike%'").await;
        assert_eq!((compared.flaws, compared.position), (vec![], ledger.head().await.expect("a head").position));
        assert!(compared.claims >= 5 && compared.claims <= u64::try_from(stored).expect("a number"), "{} {stored}", compared.claims);
        // An erased person's names are claimed no longer.
        ledger.erase_subject(&ada.to_string()).await.expect("an erasure");
        assert_eq!(flaws(&ledger).await, Vec::<String>::new());
    }

    async fn claims_that_are_lost_or_changed_are_found_and_corrected(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        let [ada, grace] = people(&executor).await;
        let db = ledger.db();
        db.script("CREATE TABLE kept AS SELECT * FROM claims").await.expect("a copy");
        let all = "SELECT COUNT(*) FROM (SELECT scope, value, owner FROM claims EXCEPT SELECT scope, value, owner FROM kept) AS new";
        for (damage, found) in [
            ("DELETE FROM claims WHERE scope = 'role_name'", vec!["missing role_name"]),
            ("DELETE FROM claims WHERE scope = 'user'", vec!["missing user", "missing user"]),
            ("DELETE FROM claims WHERE scope = 'username'", vec!["missing username", "missing username"]),
        ] {
            db.script(damage).await.expect("the damage");
            let before = compare(&ledger).await;
            assert_eq!(flaws(&ledger).await, found, "{damage}");
            assert_eq!(mend(db, &ledger, &before).await, found.len(), "{damage}");
            assert_eq!(flaws(&ledger).await, Vec::<String>::new(), "{damage}");
            assert_eq!(number(db, all).await, 0, "{damage}");
        }
        // Somebody else has it, who does not claim it.
        let swap = sql("UPDATE claims SET owner = $1 WHERE scope = 'user' AND owner = $2").bind(new_user().0).bind(ada.0);
        let mut tx = db.begin().await.expect("a transaction");
        tx.execute(swap).await.expect("the damage");
        let stranger = sql("INSERT INTO claims (scope, value, owner) VALUES ('username', 'nobody', $1)").bind(grace.0);
        tx.execute(stranger).await.expect("the damage");
        tx.commit().await.expect("a commit");
        let before = compare(&ledger).await;
        let mut found = flaws(&ledger).await;
        found.sort();
        assert_eq!(found, ["elsewhere user", "unfounded username"]);
        assert_eq!(mend(db, &ledger, &before).await, 2);
        assert_eq!(flaws(&ledger).await, Vec::<String>::new());
        assert_eq!(number(db, all).await, 0);
        // What was corrected counts at once, for processes that remember claims, too.
        let again = executor.execute(vec![user_created(new_user(), "ada")], &metadata()).await;
        assert!(again.is_err(), "{again:?}");
        db.script("DROP TABLE kept").await.expect("the copy goes");
        site.must_be_sound(&ledger).await;
    }

    async fn what_changed_meanwhile_is_left_alone(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        let [ada, _] = people(&executor).await;
        ledger.db().script("DELETE FROM claims WHERE scope = 'username'").await.expect("the damage");
        let before = compare(&ledger).await;
        run(&executor, vec![Command::User(ada, UserCommand::RevokeAllTokens)]).await;
        assert_eq!(mend(ledger.db(), &ledger, &before).await, 1);
        assert_eq!(flaws(&ledger).await, ["missing username"]);
        let now = compare(&ledger).await;
        assert_eq!(mend(ledger.db(), &ledger, &now).await, 1);
        assert_eq!(flaws(&ledger).await, Vec::<String>::new());
    }

    async fn two_who_claim_the_same_are_named_and_not_corrected(site: Site) {
        let ledger = site.ledger().await;
        let executor = Executor::new(ledger.clone());
        // A program without the scope of names lets two roles have one name.
        let [one, other]: [RoleId; 2] = [new_role(), new_role()];
        run(&executor, vec![role_created(one, "operators")]).await;
        ledger.db().script("DELETE FROM claims WHERE scope LIKE 'role_name%'").await.expect("the damage");
        let executor = Executor::new(site.ledger().await);
        run(&executor, vec![role_created(other, "operators")]).await;
        let compared = compare(&ledger).await;
        let [ClaimFlaw::Twice { scope, one: first, other: second }] = &*compared.flaws else {
            panic!("{:?}", compared.flaws);
        };
        assert_eq!((*scope, &first.1, &second.1), ("role_name", &other.to_string(), &one.to_string()));
        assert_eq!(mend(ledger.db(), &ledger, &compared).await, 0);
        assert_eq!(compare(&ledger).await.flaws, compared.flaws);
        assert_eq!(compared.undecidable().count(), 1);
    }

    async fn events_without_claims_are_found(site: Site) {
        let ledger = site.ledger().await;
        // As a program wrote them that knew no scopes.
        let executor = Executor::new(ledger.clone());
        let (user, role) = (new_user(), new_role());
        run(&executor, vec![user_created(user, "ada"), role_created(role, "operators")]).await;
        ledger.append(unit(vec![tokens_revoked(user, 2)])).await.expect("an event");
        ledger.db().script("DELETE FROM claims; DELETE FROM claim_counts").await.expect("the damage");
        let before = compare(&ledger).await;
        assert!(before.flaws.len() >= 4, "{:?}", before.flaws);
        assert_eq!(mend(ledger.db(), &ledger, &before).await, before.flaws.len());
        assert_eq!(compare(&ledger).await.flaws, vec![]);
        // A requirement is met again.
        let needs = Unit {
            require: [Claim::new(USER, user.to_string()), Claim::new(ROLE, role.to_string())].into(),
            ..unit(vec![tokens_revoked(user, 3)])
        };
        ledger.append(needs).await.expect("both exist");
    }
}
