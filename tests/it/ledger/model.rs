//! Random histories against a small model: both accept the same units and refuse the same units.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
};

use aggregates::{
    Claim,
    claim::Scope,
    user::claims::{ADMINISTRATOR, CERTIFICATE, USERNAME},
    values::UserId,
};
use futures_util::{
    FutureExt,
    future::{join_all, ready},
};
use ledger::{AppendError, Appended, Head, Ledger, Rejection, Unit};
use proptest::{prelude::*, sample::select, test_runner::TestRunner};
use tokio::runtime::Handle;
use uuid::Uuid;

use super::{
    on_both_engines,
    site::{Site, new_user, number, tokens_revoked, unit},
};

/// The content of a unit of the history. There are few streams and claims, so that units often conflict.
#[derive(Clone, Debug)]
struct Wish {
    /// The streams to append to, and the distance from the correct sequence.
    events: Vec<(usize, i64)>,
    take: Vec<(Name, usize)>,
    release: Vec<Name>,
    require: Vec<Name>,
}

type Name = (&'static Scope, u8);

const STREAMS: usize = 4;
/// How often the test lets other tasks run before it sends the next batch.
const YIELDS: usize = 500;

#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    Conflict,
    Taken,
    Missing,
    Last,
}

#[derive(Default)]
struct Model {
    sequences: BTreeMap<usize, i64>,
    claims: BTreeMap<Name, usize>,
}

impl Model {
    /// The outcome of a wish whose events have these sequences.
    fn outcome(&mut self, wish: &Wish, sequences: &[(usize, i64)]) -> Outcome {
        let mut moved = self.sequences.clone();
        for (stream, sequence) in sequences {
            let next = moved.entry(*stream).or_insert(0);
            *next += 1;
            if *sequence != *next {
                return Outcome::Conflict;
            }
        }
        let mut claims = self.claims.clone();
        for name in &wish.release {
            claims.remove(name);
        }
        for (name, owner) in &wish.take {
            if *claims.entry(*name).or_insert(*owner) != *owner {
                return Outcome::Taken;
            }
        }
        let taken: BTreeSet<&Name> = wish.take.iter().map(|(name, _)| name).collect();
        let kept = |name: &&Name| {
            taken.contains(name) || (self.claims.contains_key(name) && !wish.release.contains(name))
        };
        if !wish.require.iter().all(|name| kept(&name)) {
            return Outcome::Missing;
        }
        let administrators = |claims: &BTreeMap<Name, usize>| {
            claims.keys().filter(|(scope, _)| *scope == ADMINISTRATOR).count()
        };
        if administrators(&claims) == 0 && administrators(&self.claims) > 0 {
            return Outcome::Last;
        }
        self.sequences = moved;
        self.claims = claims;
        Outcome::Accepted
    }
}

fn name() -> impl Strategy<Value = Name> {
    (select(vec![USERNAME, CERTIFICATE, ADMINISTRATOR]), 0..3_u8)
}

fn wish() -> impl Strategy<Value = Wish> {
    (
        prop::collection::vec((0..STREAMS, prop_oneof![8 => Just(0_i64), 1 => -1..=2_i64]), 1..4),
        prop::collection::vec((name(), 0..STREAMS), 0..3),
        prop::collection::vec(name(), 0..2),
        prop::collection::vec(name(), 0..2),
    )
        .prop_map(|(events, take, release, require)| Wish {
            events,
            take,
            release,
            require,
        })
}

fn claim((scope, value): Name, run: Uuid) -> Claim {
    Claim::new(scope, format!("{run}-{value}"))
}

fn unit_of(wish: &Wish, streams: &[UserId], sequences: &[(usize, i64)], run: Uuid) -> Unit {
    let mut unit = unit(
        sequences
            .iter()
            .map(|(stream, sequence)| tokens_revoked(streams[*stream], *sequence))
            .collect(),
    );
    unit.take = wish
        .take
        .iter()
        .map(|(name, owner)| (claim(*name, run), owner.to_string()))
        .collect();
    unit.release = wish.release.iter().map(|name| claim(*name, run)).collect();
    unit.require = wish.require.iter().map(|name| claim(*name, run)).collect();
    unit
}

fn outcome_of(answer: Result<Appended, AppendError>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Accepted,
        Err(AppendError::Rejected(rejection)) => match rejection {
            Rejection::Conflict { .. } => Outcome::Conflict,
            Rejection::ClaimTaken(_) => Outcome::Taken,
            Rejection::ClaimMissing(_) => Outcome::Missing,
            Rejection::LastClaim(_) => Outcome::Last,
            refusal @ (Rejection::Vetoed(_) | Rejection::TooManyClaims(_)) => {
                panic!("nothing is unshared or limited: {refusal}")
            }
        },
        Err(AppendError::Unavailable(reason)) => panic!("unavailable: {reason}"),
    }
}

/// Whether a batch is sent while the one before it is still in flight.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    OneAfterTheOther,
    TwoAtATime,
}

/// Compares the stored claims with those of the model. Each name is also in the list of those that are like it.
async fn claims_agree(ledger: &Ledger, model: &Model) -> Result<(), TestCaseError> {
    let lists = "SELECT COUNT(*) FROM claims WHERE scope LIKE '%alike%'";
    let names = model
        .claims
        .keys()
        .filter(|(scope, _)| *scope == USERNAME)
        .count();
    prop_assert_eq!(number(ledger.db(), lists).await, names as i64);
    let held = number(
        ledger.db(),
        "SELECT COUNT(*) FROM claims WHERE scope NOT LIKE '%alike%'",
    )
    .await;
    prop_assert_eq!(held, model.claims.len() as i64);
    let counted = "SELECT CAST(COALESCE(SUM(held), 0) AS BIGINT) FROM claim_counts";
    let administrators = "SELECT COUNT(*) FROM claims WHERE scope = 'administrator'";
    prop_assert_eq!(
        number(ledger.db(), counted).await,
        number(ledger.db(), administrators).await
    );
    Ok(())
}

/// Appends all units of a batch at the same time, and compares with the model, which takes one unit after the other.
async fn agree(
    site: &Site,
    history: &[Vec<Wish>],
    sent: Sent,
    overlapped: &AtomicU64,
) -> Result<(), TestCaseError> {
    let run = new_user().0;
    let streams: Vec<UserId> = (0..STREAMS).map(|_| new_user()).collect();
    let db = site.db().await;
    db.script("DELETE FROM claims; DELETE FROM claim_counts")
        .await
        .expect("no claims");
    let ledger = site.ledger().await;
    let mut model = Model::default();
    let together = match sent {
        Sent::OneAfterTheOther => 1,
        Sent::TwoAtATime => 2,
    };
    for batches in history.chunks(together) {
        let (mut expected, mut appending) = (Vec::new(), Vec::new());
        // While another process holds the head, the first batch cannot land.
        let held = match sent {
            Sent::OneAfterTheOther => None,
            Sent::TwoAtATime => {
                let mut tx = db.begin().await.expect("a transaction");
                Head::lock(&mut tx).await.expect("the head's lock");
                Some(tx)
            }
        };
        for batch in batches {
            let mut units = Vec::new();
            for wish in batch {
                let mut next = model.sequences.clone();
                let sequences: Vec<(usize, i64)> = wish
                    .events
                    .iter()
                    .map(|(stream, off)| {
                        let sequence = next.entry(*stream).or_insert(0);
                        *sequence += 1;
                        (*stream, *sequence + off)
                    })
                    .collect();
                units.push(unit_of(wish, &streams, &sequences, run));
                expected.push(model.outcome(wish, &sequences));
            }
            let mut batch = join_all(units.into_iter().map(|unit| {
                let ledger = ledger.clone();
                async move { ledger.append(unit).await }
            }))
            .boxed();
            // Puts all units into the queue, in their order.
            appending.push(match (&mut batch).now_or_never() {
                Some(answers) => ready(answers).boxed(),
                None => batch,
            });
            if held.is_some() {
                // The appender takes the units, and decides and sends them if it can.
                for _ in 0..YIELDS {
                    tokio::task::yield_now().await;
                }
            }
        }
        drop(held);
        let answered = join_all(appending).await.into_iter().flatten();
        let outcomes: Vec<Outcome> = answered.map(outcome_of).collect();
        prop_assert_eq!(outcomes, expected);
    }
    overlapped.fetch_add(ledger.paths().overlapped(), Ordering::Relaxed);
    claims_agree(&ledger, &model).await?;
    for (stream, user) in streams.iter().enumerate() {
        let last = format!("SELECT COALESCE(MAX(sequence), 0) + 0 FROM events WHERE aggregate_id = '{user}'");
        prop_assert_eq!(
            number(ledger.db(), &last).await,
            model.sequences.get(&stream).copied().unwrap_or(0)
        );
    }
    ledger.close().await;
    db.close().await;
    Ok(())
}

/// Returns how many batches were decided while another was in flight.
async fn agree_on_any_history(site: Site, cases: u32, sent: Sent) -> u64 {
    let overlapped = AtomicU64::new(0);
    let history = prop::collection::vec(prop::collection::vec(wish(), 1..12), 1..6);
    let mut runner = TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    tokio::task::block_in_place(|| {
        runner.run(&history, |history| {
            Handle::current().block_on(agree(&site, &history, sent, &overlapped))
        })
    })
    .expect("the ledger and the model should agree");
    let ledger = site.ledger().await;
    assert_eq!(ledger.verify(|_| ()).await.expect("readable").flaw, None);
    overlapped.into_inner()
}

on_both_engines! {
    async fn any_history_goes_as_the_model_says(site: Site) {
        agree_on_any_history(site, 100, Sent::OneAfterTheOther).await;
    }

    async fn a_history_goes_the_same_if_each_second_batch_is_decided_before_the_first_lands(site: Site) {
        let locked = site.is_under_the_lock();
        let overlapped = agree_on_any_history(site, 40, Sent::TwoAtATime).await;
        assert!(locked == (overlapped == 0), "{overlapped} batches overlapped");
    }
}
