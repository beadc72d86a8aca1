//! A newer version of the program rebuilds the read models while this one runs.

use std::{error::Error, sync::Arc, time::Duration};

use ledger::{AppendError, Head, Ledger, LedgerError};
use projections::sql::sql;
use tokio::time::timeout;

use super::{
    on_both_engines,
    site::{Site, new_role, number, role_unit, unique},
};

/// How long a node may take to notice.
const PATIENCE: Duration = Duration::from_secs(10);
const NEWER: &str = "the read model sessions holds version 1000, but this program is for version";

/// What a rebuild by a newer program leaves behind.
async fn rebuilt_by_a_newer_program(site: &Site) {
    let db = site.db().await;
    let mut tx = db.begin().await.expect("a transaction");
    let head = Head::lock(&mut tx).await.expect("the head's lock");
    let newer = sql("UPDATE read_models SET version = 1000 WHERE name = 'sessions'");
    tx.execute(newer).await.expect("another version");
    head.touch(&mut tx).await.expect("the head's time");
    tx.commit().await.expect("a commit");
}

async fn append(ledger: &Ledger) -> Result<i64, AppendError> {
    let appended = ledger.append(role_unit(new_role(), &unique("role"))).await;
    appended.map(|appended| appended.position)
}

on_both_engines! {
    async fn an_older_node_writes_nothing_more(site: Site) {
        let ledger = site.ledger().await;
        assert_eq!(append(&ledger).await.expect("the first role"), 1);
        rebuilt_by_a_newer_program(&site).await;
        for _ in 0..2 {
            let refused = append(&ledger).await.expect_err("the tables are not this program's");
            let cause = refused.source().expect("a cause").to_string();
            assert!(cause.starts_with(NEWER), "{cause}");
        }
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM events").await, 1);
        let db = site.db().await;
        db.script("UPDATE read_models SET version = 1 WHERE name = 'sessions'").await.expect("the versions as before");
        assert_eq!(append(&ledger).await.expect("the program fits again"), 2);
        site.must_be_sound(&ledger).await;
    }

    async fn an_older_node_that_only_reads_stops_following(site: Site) {
        let ledger = site.ledger().await;
        let following = tokio::spawn(Arc::clone(ledger.follower()).run());
        append(&ledger).await.expect("a role");
        rebuilt_by_a_newer_program(&site).await;
        let ended = timeout(PATIENCE, following).await.expect("the follower should notice");
        let others = ended.expect("the follower should end in good order").to_string();
        assert!(others.starts_with(NEWER), "{others}");
        // It is not ready, and what it knows grows old.
        let looked = ledger.read_to_head().await;
        assert!(matches!(looked, Err(LedgerError::OtherVersions(_))), "{looked:?}");
    }

    async fn an_older_node_does_not_open_the_ledger(site: Site) {
        append(&site.ledger().await).await.expect("a role");
        rebuilt_by_a_newer_program(&site).await;
        let checked = Ledger::check_versions(&site.db().await).await;
        assert!(matches!(checked, Err(LedgerError::OtherVersions(_))), "{checked:?}");
    }
}
