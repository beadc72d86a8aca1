//! What the server has told each broker, for metrics. It is in memory, so that metrics do not need the database.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
};

use super::{Broker, Brokers};

/// The counts of one broker since the start of the process.
#[derive(Debug, Default)]
pub struct Tally {
    /// The name of the broker.
    pub broker: String,
    pub(super) ended: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) left: AtomicI64,
    /// In microseconds of Unix time. 0 means that no session is left.
    pub(super) oldest: AtomicI64,
    pub(super) position: AtomicI64,
}

impl Tally {
    /// How often the broker was asked to end the sessions of a user, and did.
    pub fn ended(&self) -> u64 {
        self.ended.load(Relaxed)
    }

    /// How often it did not.
    pub fn failed(&self) -> u64 {
        self.failed.load(Relaxed)
    }

    /// The number of users whose sessions the broker still has to end.
    pub fn left(&self) -> i64 {
        self.left.load(Relaxed)
    }

    /// When the first of these tries failed, in microseconds of Unix time. `None` if no session is left.
    pub fn oldest(&self) -> Option<i64> {
        Some(self.oldest.load(Relaxed)).filter(|oldest| *oldest != 0)
    }

    /// Up to which event the server has looked for users who may do less.
    pub fn position(&self) -> i64 {
        self.position.load(Relaxed)
    }
}

/// The counts of all brokers.
#[derive(Clone, Debug, Default)]
pub struct Tallies(Vec<Arc<Tally>>);

impl Tallies {
    /// Counts for these brokers.
    pub(crate) fn new(brokers: Option<&Brokers>) -> Self {
        let brokers = brokers.into_iter().flat_map(Brokers::iter);
        Self(brokers.map(Self::empty).collect())
    }

    fn empty(broker: &Broker) -> Arc<Tally> {
        Arc::new(Tally {
            broker: broker.name(),
            ..Tally::default()
        })
    }

    /// The counts of a broker.
    pub(super) fn of(&self, broker: &Broker) -> Arc<Tally> {
        let name = broker.name();
        let found = self.0.iter().find(|tally| tally.broker == name);
        found.map_or_else(|| Self::empty(broker), Arc::clone)
    }
}

impl Deref for Tallies {
    type Target = [Arc<Tally>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
