//! A refused unit does not affect the other units of the batch.

use aggregates::{Claim, user::claims::USERNAME};
use futures_util::future::join_all;
use ledger::{AppendError, Appended, Head, Ledger, NewEvent, Rejection, Unit};

use super::{
    on_both_engines,
    site::{Site, metadata, new_role, new_user, role_unit, tokens_revoked, unique, unit},
};

/// Appends the units in one batch: the first unit waits for the head's lock, and the others wait behind it.
async fn in_one_batch(site: &Site, ledger: &Ledger, units: Vec<Unit>) -> Vec<Result<Appended, AppendError>> {
    let other = site.db().await;
    let mut lock = other.begin().await.expect("a transaction");
    Head::lock(&mut lock).await.expect("the head's lock");
    let leader = ledger.append(role_unit(new_role(), &unique("leader")));
    let all = join_all(std::iter::once(leader).chain(units.into_iter().map(|unit| ledger.append(unit))));
    let let_go = async {
        tokio::task::yield_now().await;
        drop(lock);
    };
    let (mut outcomes, ()) = tokio::join!(all, let_go);
    outcomes.remove(0).expect("the leader should get through");
    outcomes
}

fn conflict(outcome: &Result<Appended, AppendError>) -> bool {
    matches!(outcome, Err(AppendError::Rejected(Rejection::Conflict { .. })))
}

fn good() -> Unit {
    role_unit(new_role(), &unique("role"))
}

fn claiming(mut unit: Unit, username: &str, owner: &str) -> Unit {
    unit.take.push((Claim::new(USERNAME, username), owner.to_owned()));
    unit
}

on_both_engines! {
    async fn a_stale_unit_harms_no_neighbour(site: Site) {
        let ledger = site.ledger().await;
        let user = new_user();
        let units = vec![
            good(),
            unit(vec![tokens_revoked(user, 2)]),
            good(),
            unit(vec![tokens_revoked(user, 1), tokens_revoked(user, 2)]),
            unit(vec![tokens_revoked(user, 2)]),
            unit(vec![tokens_revoked(user, 3)]),
            unit(vec![tokens_revoked(user, 0)]),
            unit(vec![tokens_revoked(user, 4), tokens_revoked(user, 6)]),
            unit(vec![tokens_revoked(user, 5), tokens_revoked(user, 4)]),
            unit(vec![tokens_revoked(user, 4)]),
            good(),
        ];
        let outcomes = in_one_batch(&site, &ledger, units).await;
        let accepted: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
        assert_eq!(accepted, [true, false, true, true, false, true, false, false, false, true, true]);
        assert!(outcomes.iter().filter(|outcome| outcome.is_err()).all(conflict), "{outcomes:?}");
        let times: std::collections::BTreeSet<_> =
            outcomes.iter().flatten().flat_map(|appended| &appended.events).map(|event| event.recorded_at).collect();
        assert_eq!(times.len(), 1, "this should have been one batch");
        site.must_be_sound(&ledger).await;
    }

    async fn a_unit_refused_for_its_claim_moves_no_sequence(site: Site) {
        let ledger = site.ledger().await;
        let user = new_user();
        let taken = claiming(unit(vec![tokens_revoked(new_user(), 1)]), "ada", "grace");
        let units = vec![
            taken,
            claiming(unit(vec![tokens_revoked(user, 1)]), "ada", "ada"),
            // This event follows an event that does not exist.
            unit(vec![tokens_revoked(user, 2)]),
            // This unit has the correct sequence.
            unit(vec![tokens_revoked(user, 1)]),
            unit(vec![tokens_revoked(user, 2)]),
        ];
        let outcomes = in_one_batch(&site, &ledger, units).await;
        let accepted: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
        assert_eq!(accepted, [true, false, false, true, true], "{outcomes:?}");
        assert!(matches!(&outcomes[1], Err(AppendError::Rejected(Rejection::ClaimTaken(_)))));
        assert!(conflict(&outcomes[2]));
        site.must_be_sound(&ledger).await;
    }

    async fn a_unit_that_the_database_cannot_take_harms_no_neighbour(site: Site) {
        let ledger = site.ledger().await;
        // The read models accept only UUIDs. Postgres does not accept NUL in JSON; SQLite does.
        let no_uuid = unit(vec![NewEvent { aggregate_id: "no-uuid".to_owned(), ..tokens_revoked(new_user(), 1) }]);
        let mut nul = good();
        nul.metadata.requestid = Some("a\0b".to_owned());
        let user = new_user();
        let poisoned = [tokens_revoked(user, 1), NewEvent { aggregate_id: String::new(), ..tokens_revoked(user, 1) }];
        let units = vec![
            good(),
            no_uuid,
            good(),
            nul,
            unit(poisoned.to_vec()),
            unit(vec![tokens_revoked(user, 1)]),
            good(),
        ];
        let outcomes = in_one_batch(&site, &ledger, units).await;
        for harmless in [0, 2, 5, 6] {
            assert!(outcomes[harmless].is_ok(), "{harmless}: {:?}", outcomes[harmless]);
        }
        for poisoned in [1, 4] {
            assert!(matches!(outcomes[poisoned], Err(AppendError::Unavailable(_))), "{:?}", outcomes[poisoned]);
        }
        ledger.append(good()).await.expect("the appender should go on");
        site.must_be_sound(&ledger).await;
    }

    async fn a_unit_of_nothing_is_nothing(site: Site) {
        let ledger = site.ledger().await;
        let appended = ledger.append(good()).await.expect("a good unit");
        let nothing = Unit { metadata: metadata(), ..unit(vec![]) };
        let answered = ledger.append(nothing).await.expect("nothing can be appended");
        assert_eq!((answered.events.len(), answered.position), (0, appended.position));
    }

    async fn a_unit_may_be_larger_than_a_statement(site: Site) {
        let ledger = site.ledger().await;
        let user = new_user();
        let events = (1..=8_000).map(|sequence| tokens_revoked(user, sequence)).collect();
        let appended = ledger.append(unit(events)).await.expect("a large unit");
        assert_eq!(appended.position, 8_000);
        assert_eq!(ledger.verify(|_| ()).await.expect("readable").events, 8_000);
    }
}
