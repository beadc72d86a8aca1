//! Random histories against a small model: both accept the same units and refuse the same units.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Claim,
    claim::Scope,
    user::claims::{ADMINISTRATOR, CERTIFICATE, USERNAME},
    values::UserId,
};
use futures_util::future::join_all;
use ledger::{AppendError, Rejection, Unit};
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

/// Appends all units of a batch at the same time, and compares with the model, which takes one unit after the other.
async fn agree(site: &Site, history: &[Vec<Wish>]) -> Result<(), TestCaseError> {
    let run = new_user().0;
    let streams: Vec<UserId> = (0..STREAMS).map(|_| new_user()).collect();
    let db = site.db().await;
    db.script("DELETE FROM claims; DELETE FROM claim_counts")
        .await
        .expect("no claims");
    db.close().await;
    let ledger = site.ledger().await;
    let mut model = Model::default();
    for batch in history {
        let (mut expected, mut units) = (Vec::new(), Vec::new());
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
        let answered = join_all(units.into_iter().map(|unit| ledger.append(unit))).await;
        let outcomes: Vec<Outcome> = answered
            .into_iter()
            .map(|answer| match answer {
                Ok(_) => Outcome::Accepted,
                Err(AppendError::Rejected(Rejection::Conflict { .. })) => Outcome::Conflict,
                Err(AppendError::Rejected(Rejection::ClaimTaken(_))) => Outcome::Taken,
                Err(AppendError::Rejected(Rejection::ClaimMissing(_))) => Outcome::Missing,
                Err(AppendError::Rejected(Rejection::LastClaim(_))) => Outcome::Last,
                Err(AppendError::Rejected(
                    refusal @ (Rejection::Vetoed(_) | Rejection::TooManyClaims(_)),
                )) => panic!("nothing is unshared or limited: {refusal}"),
                Err(AppendError::Unavailable(reason)) => panic!("unavailable: {reason}"),
            })
            .collect();
        prop_assert_eq!(outcomes, expected);
    }
    let held = number(ledger.db(), "SELECT COUNT(*) FROM claims").await;
    prop_assert_eq!(held, model.claims.len() as i64);
    let counted = "SELECT CAST(COALESCE(SUM(held), 0) AS BIGINT) FROM claim_counts";
    let administrators = "SELECT COUNT(*) FROM claims WHERE scope = 'administrator'";
    prop_assert_eq!(
        number(ledger.db(), counted).await,
        number(ledger.db(), administrators).await
    );
    for (stream, user) in streams.iter().enumerate() {
        let last = format!("SELECT COALESCE(MAX(sequence), 0) + 0 FROM events WHERE aggregate_id = '{user}'");
        prop_assert_eq!(
            number(ledger.db(), &last).await,
            model.sequences.get(&stream).copied().unwrap_or(0)
        );
    }
    ledger.close().await;
    Ok(())
}

on_both_engines! {
    async fn any_history_goes_as_the_model_says(site: Site) {
        let history = prop::collection::vec(prop::collection::vec(wish(), 1..12), 1..6);
        let mut runner = TestRunner::new(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() });
        tokio::task::block_in_place(|| {
            runner.run(&history, |history| Handle::current().block_on(agree(&site, &history)))
        })
        .expect("the ledger and the model should agree");
        let ledger = site.ledger().await;
        assert_eq!(ledger.verify(|_| ()).await.expect("readable").flaw, None);
    }
}
