//! Turns: commands that would make each other's decisions stale wait for each other within this process.
//!
//! Whoever changes an aggregate has its turn alone. Whoever only rests on an aggregate shares its turn with others who rest on it.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use aggregates::Command;
use authorization::GroundStream;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::Stream;

/// How many locks there are. Commands to different aggregates wait for each other if the aggregates share a lock by chance.
const LOCKS: usize = 16_384;

/// The locks of all turns.
#[derive(Clone)]
pub(super) struct Locks(Arc<[RwLock<()>]>);

/// How somebody has a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    Shared,
    Alone,
}

/// The turns that somebody needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs(BTreeMap<usize, Way>);

/// The turns that somebody has until this is dropped.
#[derive(Default)]
pub(super) struct Turns<'a> {
    of: Needs,
    // They let go of their locks when they are dropped.
    alone: Vec<RwLockWriteGuard<'a, ()>>,
    shared: Vec<RwLockReadGuard<'a, ()>>,
}

impl Needs {
    /// The turns of commands: alone with each of their aggregates.
    pub(super) fn of(commands: &[Command]) -> Self {
        let mut needs = Self::default();
        for command in commands {
            needs.add(&command.stream(), Way::Alone);
        }
        needs
    }

    /// Needs that these streams stay as they are, too.
    pub(super) fn rest_on<'a>(&mut self, streams: impl IntoIterator<Item = &'a GroundStream>) {
        for stream in streams {
            self.add(stream, Way::Shared);
        }
    }

    fn add(&mut self, stream: &Stream, way: Way) {
        let mut hasher = DefaultHasher::new();
        stream.hash(&mut hasher);
        self.need(hasher.finish() as usize % LOCKS, way);
    }

    fn need(&mut self, lock: usize, way: Way) {
        match self.0.entry(lock) {
            Entry::Vacant(entry) => drop(entry.insert(way)),
            Entry::Occupied(mut entry) => *entry.get_mut() = way.max(*entry.get()),
        }
    }

    /// Needs what the others need, too.
    pub(super) fn and(&mut self, others: &Self) {
        for (lock, way) in &others.0 {
            self.need(*lock, *way);
        }
    }
}

impl Turns<'_> {
    /// What these lack of what somebody needs.
    pub(super) fn lack(&self, needs: &Needs) -> Needs {
        let has = |lock: &usize, way: &Way| self.of.0.get(lock).is_some_and(|had| had >= way);
        let lacking = needs.0.iter().filter(|(lock, way)| !has(lock, way));
        Needs(lacking.map(|(lock, way)| (*lock, *way)).collect())
    }
}

impl<'a> Turns<'a> {
    /// These turns and the others.
    pub(super) fn and(&mut self, others: Turns<'a>) {
        self.of.and(&others.of);
        self.alone.extend(others.alone);
        self.shared.extend(others.shared);
    }
}

impl Default for Locks {
    fn default() -> Self {
        Self((0..LOCKS).map(|_| RwLock::default()).collect())
    }
}

impl Locks {
    /// Waits for these turns. All callers take the locks in the same order, so no two callers wait for each other. Whoever waits for a lock
    /// comes before those who ask for it later.
    pub(super) async fn take(&self, needs: Needs) -> Turns<'_> {
        let (mut alone, mut shared) = (Vec::new(), Vec::new());
        for (lock, way) in &needs.0 {
            let Some(lock) = self.0.get(*lock) else { continue };
            match way {
                Way::Alone => alone.push(lock.write().await),
                Way::Shared => shared.push(lock.read().await),
            }
        }
        Turns {
            of: needs,
            alone,
            shared,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn needs(streams: &[(&str, Way)]) -> Needs {
        let mut needs = Needs::default();
        for (id, way) in streams {
            needs.add(&("role", (*id).to_owned()), *way);
        }
        needs
    }

    #[test]
    fn turns_areshared_until_somebody_needs_onealone() {
        let locks = Locks::default();
        let take = |streams: &[(&str, Way)]| locks.take(needs(streams)).now_or_never();
        let one = take(&[("a", Way::Shared), ("b", Way::Alone)]).expect("nobody has them");
        let other = take(&[("a", Way::Shared), ("c", Way::Alone)]).expect("both rest on a");
        assert!(take(&[("a", Way::Alone)]).is_none());
        assert!(take(&[("b", Way::Shared)]).is_none());
        drop((one, other));
        assert!(take(&[("a", Way::Alone), ("b", Way::Alone), ("c", Way::Alone)]).is_some());
    }

    #[test]
    fn whoever_waits_to_bealone_is_not_overtaken() {
        let locks = Locks::default();
        let shared = locks
            .take(needs(&[("a", Way::Shared)]))
            .now_or_never()
            .expect("nobody has it");
        let mut alone = Box::pin(locks.take(needs(&[("a", Way::Alone)])));
        assert!(alone.as_mut().now_or_never().is_none());
        assert!(locks.take(needs(&[("a", Way::Shared)])).now_or_never().is_none());
        drop(shared);
        assert!(alone.now_or_never().is_some());
    }

    #[test]
    fn a_turnalone_is_enough_for_whoever_shares_it() {
        let mut both = needs(&[("a", Way::Shared), ("b", Way::Shared)]);
        both.and(&needs(&[("a", Way::Alone)]));
        let turns = Locks::default();
        let turns = turns.take(both).now_or_never().expect("nobody has them");
        let lacks = |streams: &[(&str, Way)]| !turns.lack(&needs(streams)).0.is_empty();
        assert!(!lacks(&[("a", Way::Shared), ("b", Way::Shared)]));
        assert!(!lacks(&[("a", Way::Alone)]));
        assert!(lacks(&[("b", Way::Alone)]));
        assert!(lacks(&[("c", Way::Shared)]));
    }
}
