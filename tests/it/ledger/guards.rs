//! Guards: a unit that they reject is not written, and they see the units of the same batch that were accepted before.

use std::sync::Arc;

use aggregates::{Event, user::UserEvent};
use futures_util::future::{BoxFuture, join_all};
use ledger::{AppendError, Executor, Ledger, Rejection, clock::SystemClock, ids::SystemEntropy};
use projections::{
    guard::{Guard, Proposal, Verdict, Veto},
    sql::{Error, Read, sql},
};

use super::{
    on_both_engines,
    site::{Site, key, metadata, new_user, number, tokens_revoked, unit, user_created},
};

/// Allows at most two revocations of tokens in the whole ledger.
struct Twice;

const NO_MORE: Veto = Veto {
    code: "no_more",
    message: "tokens are revoked twice at most",
};

fn revocations(proposal: &Proposal<'_>) -> i64 {
    let events = proposal.events.iter();
    events
        .filter(|new| matches!(new.event, Event::User(UserEvent::TokensRevoked {})))
        .count() as i64
}

impl Guard for Twice {
    fn concerns(&self, proposal: Proposal<'_>) -> bool {
        revocations(&proposal) > 0
    }

    fn judge<'a>(
        &'a self,
        db: &'a mut dyn Read,
        proposal: Proposal<'a>,
        accepted: &'a [Proposal<'a>],
    ) -> BoxFuture<'a, Result<Verdict, Error>> {
        Box::pin(async move {
            let select = sql("SELECT COUNT(*) FROM events WHERE event_type = 'user.tokens_revoked'");
            let rows = db.all(select).await?;
            let recorded = rows.first().map(|row| row.int(0)).transpose()?.unwrap_or(0);
            let before: i64 = accepted.iter().map(revocations).sum();
            Ok(if recorded + before + revocations(&proposal) > 2 {
                Err(NO_MORE)
            } else {
                Ok(())
            })
        })
    }
}

async fn guarded(site: &Site) -> Ledger {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    Ledger::open(site.db().await, &key(), clock, entropy, &[&Twice])
        .await
        .expect("the ledger should open")
}

on_both_engines! {
    async fn what_a_guard_rejects_is_not_written(site: Site) {
        let ledger = guarded(&site).await;
        let units = (0..5).map(|_| ledger.append(unit(vec![tokens_revoked(new_user(), 1)])));
        let outcomes = join_all(units).await;
        let accepted: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
        assert_eq!(accepted, [true, true, false, false, false]);
        for outcome in outcomes.into_iter().skip(2) {
            assert!(
                matches!(&outcome, Err(AppendError::Rejected(Rejection::Vetoed(veto))) if *veto == NO_MORE),
                "{outcome:?}"
            );
        }
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM events").await, 2);
        site.must_be_sound(&ledger).await;
    }

    async fn what_a_guard_rejects_is_rejected_in_a_rehearsal(site: Site) {
        let executor = Executor::new(guarded(&site).await);
        let user = new_user();
        executor.execute(vec![user_created(user, "ada")], &metadata()).await.expect("the guard is not concerned");
        let revoke = aggregates::Command::User(user, aggregates::user::UserCommand::RevokeAllTokens);
        for _ in 0..2 {
            executor.rehearse(std::slice::from_ref(&revoke)).await.expect("it would be written");
            executor.execute(vec![revoke.clone()], &metadata()).await.expect("it is written");
        }
        let refused = executor.rehearse(&[revoke]).await.expect_err("it would not be written");
        assert_eq!(refused.to_string(), NO_MORE.message);
    }
}
