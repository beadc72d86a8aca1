//! The first start of this program closes a ledger to the programs of before, and the documented statement opens it again.

use projections::sql::{Db, sql};

use super::{
    on_each_engine,
    site::{Site, metadata, new_user, number, user_created},
};
use ledger::Executor;

/// How the programs of before move the head.
const BEFORE: &str =
    "UPDATE ledger_head SET recorded_at = recorded_at + 1 WHERE id = 1 AND lowest_writer <= 3";
/// The statement in docs/upgrading.md.
const BACK: &str = "UPDATE ledger_head SET lowest_writer = 3";

/// Whether a program of before may write.
async fn may_write(db: &Db) -> bool {
    db.execute(sql(BEFORE)).await.expect("an update") == 1
}

on_each_engine! {
    async fn programs_that_do_not_judge_what_users_give_are_refused(site: Site) {
        // A new ledger refuses them from the beginning.
        let ledger = site.ledger().await;
        assert!(!may_write(ledger.db()).await);
        let executor = Executor::new(ledger.clone());
        let create = async |name: &str| {
            executor.execute(vec![user_created(new_user(), name)], &metadata()).await
        };
        create("ada").await.expect("a user");
        ledger.close().await;

        let db = site.db().await;
        db.execute(sql(BACK)).await.expect("an update");
        assert!(may_write(&db).await);
        let names = number(&db, "SELECT COUNT(*) FROM claims WHERE scope LIKE '%alike%'").await;

        // The next start of this program closes the ledger, while the program of before still runs.
        let (one, other) = tokio::join!(site.ledger(), site.ledger());
        assert!(!may_write(&db).await);
        assert_eq!(number(&db, "SELECT lowest_writer FROM ledger_head").await, 10);
        assert_eq!(number(&db, "SELECT COUNT(*) FROM claims WHERE scope LIKE '%alike%'").await, names);
        db.close().await;
        for (ledger, name) in [(one, "grace"), (other, "mary")] {
            let executor = Executor::new(ledger);
            let made = executor.execute(vec![user_created(new_user(), name)], &metadata()).await;
            made.expect("this program may write");
            site.must_be_sound(executor.ledger()).await;
        }
    }
}
