//! Counted scopes: there are never more or fewer claims than the limits allow, even if many ask at the same time.

use std::collections::BTreeMap;

use aggregates::{
    Claim,
    claim::{Limits, Scope},
    user::claims::ADMINISTRATOR,
};
use futures_util::future::join_all;
use ledger::{AppendError, Appended, Executor, Ledger, LimitChange, Miscount, Rejection, Unit, migrations};
use projections::sql::sql;

use super::{
    child::{Child, Task},
    claims::{deleted, refusal, two_administrators},
    on_both_engines,
    site::{Site, metadata, new_user, number, tokens_revoked, unique, unit},
};

/// Seats. The organisation sets their number.
pub const SEAT: &Scope = &Scope::new("test_seat")
    .limited_by_owner()
    .too_many("full", "all seats are taken");
/// Keepers. Each house keeps at least one.
const KEEPER: &Scope = &Scope::new("test_keeper").at_least(1, "last_keeper", "a keeper must stay");
/// Beds. Each house has two.
const BED: &Scope = &Scope::new("test_bed").at_most(2, "no_bed", "both beds are taken");

/// A unit of one event on which nothing depends.
fn some_unit() -> Unit {
    unit(vec![tokens_revoked(new_user(), 1)])
}

fn limiting(within: &str, limits: Option<Limits>) -> Unit {
    Unit {
        limits: vec![LimitChange {
            scope: SEAT,
            within: within.to_owned(),
            limits,
        }],
        ..some_unit()
    }
}

fn at_most(number: i64) -> Option<Limits> {
    Some(Limits {
        at_least: 0,
        at_most: number,
    })
}

fn taking(scope: &'static Scope, within: &str, value: &str) -> Unit {
    Unit {
        take: vec![(Claim::within(scope, within, value), value.to_owned())],
        ..some_unit()
    }
}

fn releasing(scope: &'static Scope, within: &str, value: &str) -> Unit {
    Unit {
        release: [Claim::within(scope, within, value)].into(),
        ..some_unit()
    }
}

fn rejection(outcome: Result<Appended, AppendError>) -> Rejection {
    match outcome {
        Err(AppendError::Rejected(rejection)) => rejection,
        other => panic!("not rejected: {other:?}"),
    }
}

/// So many people want a seat at the same time.
pub async fn take_seats(ledger: &Ledger, organisation: &str, people: usize) -> Vec<&'static str> {
    let attempts = (0..people).map(|_| ledger.append(taking(SEAT, organisation, &unique("person"))));
    let outcomes = join_all(attempts).await.into_iter().map(|outcome| match outcome {
        Ok(_) => "won",
        Err(AppendError::Rejected(Rejection::TooManyClaims(scope))) if scope == SEAT => "lost",
        Err(error) => panic!("neither won nor lost: {error}"),
    });
    outcomes.collect()
}

/// Counts the claims again, and compares.
async fn must_be_counted(ledger: &Ledger) {
    let mut claimed: BTreeMap<(String, String), i64> = BTreeMap::new();
    for row in ledger
        .db()
        .all(sql("SELECT scope, value FROM claims"))
        .await
        .expect("claims")
    {
        let (scope, value) = (row.text(0).expect("a scope"), row.text(1).expect("a value"));
        if [SEAT, KEEPER, BED].iter().any(|counted| counted.name() == scope) {
            let (within, _) = value.split_once('/').expect("a claim within something");
            *claimed.entry((scope, within.to_owned())).or_default() += 1;
        }
    }
    let counts = ledger.db().all(sql(
        "SELECT scope, within_id, held FROM claim_counts WHERE held > 0",
    ));
    let counted: BTreeMap<(String, String), i64> = counts
        .await
        .expect("counts")
        .iter()
        .map(|row| {
            let key = (row.text(0).expect("a scope"), row.text(1).expect("an id"));
            (key, row.int(2).expect("a number"))
        })
        .collect();
    assert_eq!(counted, claimed);
    assert_eq!(miscounts(ledger).await, []);
}

/// What the ledger itself finds wrong with the counts.
async fn miscounts(ledger: &Ledger) -> Vec<Miscount> {
    let found = ledger.miscounts([SEAT, KEEPER, BED]).await;
    found.expect("the counts should be readable")
}

on_both_engines! {
    async fn so_many_seats_are_taken_and_no_more_by_two_processes(site: Site) {
        let ledger = site.ledger().await;
        ledger.append(limiting("acme", at_most(10))).await.expect("a limit");
        let task = Task::TakeSeats { organisation: "acme".to_owned(), people: 15 };
        let mut child = Child::ready(&task, &site.url).await;
        child.go().await;
        let ours = take_seats(&ledger, "acme", 15).await;
        let mut outcomes = child.rest().await;
        outcomes.extend(ours.into_iter().map(str::to_owned));
        assert_eq!(outcomes.len(), 30);
        assert_eq!(outcomes.iter().filter(|outcome| *outcome == "won").count(), 10, "{outcomes:?}");
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM claims").await, 10);
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM events").await, 11);
        must_be_counted(&ledger).await;
    }

    async fn a_limit_is_not_lowered_below_the_claims_there_are(site: Site) {
        let ledger = site.ledger().await;
        ledger.append(limiting("acme", at_most(3))).await.expect("a limit");
        assert_eq!(take_seats(&ledger, "acme", 3).await, ["won"; 3]);
        let lowered = ledger.append(limiting("acme", at_most(2))).await;
        assert_eq!(rejection(lowered), Rejection::TooManyClaims(SEAT));
        assert_eq!(take_seats(&ledger, "acme", 1).await, ["lost"]);
        ledger.append(limiting("acme", at_most(4))).await.expect("a higher limit");
        assert_eq!(take_seats(&ledger, "acme", 1).await, ["won"]);
        ledger.append(limiting("acme", at_most(4))).await.expect("the same limit");
        let more = Limits { at_least: 5, at_most: 9 };
        let raised = ledger.append(limiting("acme", Some(more))).await;
        assert_eq!(rejection(raised), Rejection::LastClaim(SEAT));
        must_be_counted(&ledger).await;
    }

    async fn without_limits_nobody_has_a_seat(site: Site) {
        let ledger = site.ledger().await;
        assert_eq!(take_seats(&ledger, "acme", 2).await, ["lost"; 2]);
        ledger.append(limiting("acme", at_most(2))).await.expect("a limit");
        ledger.append(taking(SEAT, "acme", "ada")).await.expect("a free seat");
        ledger.append(limiting("acme", None)).await.expect("an organisation may go before its people");
        assert_eq!(take_seats(&ledger, "acme", 1).await, ["lost"]);
        ledger.append(releasing(SEAT, "acme", "ada")).await.expect("a seat given up");
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM claim_counts").await, 0);
    }

    async fn the_last_one_stays_in_each_house(site: Site) {
        let ledger = site.ledger().await;
        for (house, keeper) in [("red", "ada"), ("red", "grace"), ("blue", "ada")] {
            ledger.append(taking(KEEPER, house, keeper)).await.expect("a keeper");
        }
        let (left, right) = tokio::join!(
            ledger.append(releasing(KEEPER, "red", "ada")),
            ledger.append(releasing(KEEPER, "red", "grace")),
        );
        let lost = [left, right].into_iter().filter_map(Result::err);
        let lost: Vec<Rejection> = lost.map(|error| rejection(Err(error))).collect();
        assert_eq!(lost, [Rejection::LastClaim(KEEPER)]);
        let other = ledger.append(releasing(KEEPER, "blue", "ada")).await;
        assert_eq!(rejection(other), Rejection::LastClaim(KEEPER));
        must_be_counted(&ledger).await;
    }

    async fn a_claim_is_given_up_and_taken_in_one_unit(site: Site) {
        let ledger = site.ledger().await;
        for guest in ["ada", "grace"] {
            ledger.append(taking(BED, "red", guest)).await.expect("a bed");
        }
        assert_eq!(rejection(ledger.append(taking(BED, "red", "katherine")).await), Rejection::TooManyClaims(BED));
        let swap = Unit {
            release: [Claim::within(BED, "red", "ada")].into(),
            ..taking(BED, "red", "katherine")
        };
        ledger.append(swap).await.expect("one goes, one comes");
        // The same claim again changes nothing.
        ledger.append(taking(BED, "red", "katherine")).await.expect("the bed is hers");
        assert_eq!(number(ledger.db(), "SELECT held + 0 FROM claim_counts").await, 2);
        ledger.append(taking(KEEPER, "red", "ada")).await.expect("a keeper");
        let handed_on = Unit {
            release: [Claim::within(KEEPER, "red", "ada")].into(),
            ..taking(KEEPER, "red", "grace")
        };
        ledger.append(handed_on).await.expect("one goes, one comes");
        must_be_counted(&ledger).await;
    }

    async fn a_rejected_unit_harms_no_neighbour_in_the_batch(site: Site) {
        let ledger = site.ledger().await;
        let units = ["a", "b", "c", "d"].map(|guest| {
            let mut unit = taking(BED, "red", guest);
            unit.take.push((Claim::within(BED, "blue", guest), guest.to_owned()));
            if guest == "a" {
                // This unit is rejected because of the second house, so it must not take a bed in the first house.
                unit.take.extend(["x", "y"].map(|more| (Claim::within(BED, "blue", more), more.to_owned())));
            }
            unit
        });
        let outcomes = join_all(units.into_iter().map(|unit| ledger.append(unit))).await;
        let accepted: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
        assert_eq!(accepted, [false, true, true, false]);
        assert_eq!(number(ledger.db(), "SELECT COUNT(*) FROM claims").await, 4);
        must_be_counted(&ledger).await;
    }

    async fn what_is_remembered_of_counts_is_what_others_wrote(site: Site) {
        let (one, other) = (site.ledger().await, site.ledger().await);
        one.append(limiting("acme", at_most(3))).await.expect("a limit");
        assert_eq!(take_seats(&one, "acme", 1).await, ["won"]);
        assert_eq!(take_seats(&other, "acme", 2).await, ["won"; 2]);
        assert_eq!(take_seats(&one, "acme", 1).await, ["lost"]);
        other.append(limiting("acme", at_most(4))).await.expect("a higher limit");
        assert_eq!(take_seats(&one, "acme", 2).await, ["won", "lost"]);
        assert_eq!(take_seats(&one, "acme", 1).await, ["lost"], "from memory, too");
        must_be_counted(&one).await;
    }

    async fn a_count_that_was_tampered_with_is_found(site: Site) {
        let ledger = site.ledger().await;
        for (house, guest) in [("red", "ada"), ("red", "grace"), ("blue", "ada")] {
            ledger.append(taking(BED, house, guest)).await.expect("a bed");
        }
        ledger.append(taking(KEEPER, "red", "ada")).await.expect("a keeper");
        ledger
            .db()
            .script(
                "UPDATE claim_counts SET held = 1 WHERE within_id = 'red' AND scope = 'test_bed'; \
                 DELETE FROM claim_counts WHERE within_id = 'blue'; \
                 INSERT INTO claim_counts (scope, within_id, held) VALUES ('test_keeper', 'green', 1)",
            )
            .await
            .expect("counts can be tampered with");
        let miscount = |scope: &Scope, within: &str, stored, claimed| Miscount {
            scope: scope.name().to_owned(),
            within: within.to_owned(),
            stored,
            claimed,
        };
        let expected = [
            miscount(BED, "red", 1, 2),
            miscount(KEEPER, "green", 1, 0),
            miscount(BED, "blue", 0, 1),
        ];
        assert_eq!(miscounts(&ledger).await, expected);
    }

    async fn erasing_somebody_leaves_the_counts_as_they_are(site: Site) {
        let ledger = site.ledger().await;
        for guest in ["ada", "grace"] {
            ledger.append(taking(BED, "red", guest)).await.expect("a bed");
        }
        ledger.erase_subject("ada").await.expect("an erasure");
        assert_eq!(rejection(ledger.append(taking(BED, "red", "katherine")).await), Rejection::TooManyClaims(BED));
        ledger.append(releasing(BED, "red", "ada")).await.expect("a bed given up");
        ledger.append(taking(BED, "red", "katherine")).await.expect("a free bed");
        must_be_counted(&ledger).await;
    }

    async fn a_ledger_from_before_the_counts_is_counted_by_its_migration(site: Site) {
        let executor = Executor::new(site.ledger().await);
        let [ada, grace] = two_administrators(&executor).await;
        let db = executor.ledger().db();
        db.script("DROP TABLE claim_counts; DELETE FROM _sqlx_migrations WHERE version = 5").await.expect("as before");
        migrations::migrate(db).await.expect("the migration");
        assert_eq!(number(db, "SELECT held + 0 FROM claim_counts WHERE scope = 'administrator'").await, 2);
        let fresh = Executor::new(site.ledger().await);
        fresh.execute(vec![deleted(ada)], &metadata()).await.expect("there is another");
        let last = fresh.execute(vec![deleted(grace)], &metadata()).await;
        assert_eq!(refusal(last), Rejection::LastClaim(ADMINISTRATOR));
    }
}
