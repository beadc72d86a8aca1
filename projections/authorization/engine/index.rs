//! Which roles each user holds, in as little memory as a check can touch: half a cache line per user.
//!
//! This repeats the content of `users` for users who have few roles and nothing else; it only marks all other users. A
//! check that waits for memory once instead of three times is twice as fast.
//!
//! The writer writes slots in place, so a reader may see half an old slot and half a new one. A result counts only if
//! the reader finds afterwards that nobody wrote meanwhile (`Authorization::is_granted`). Until then the result may be
//! nonsense, but every read ends.

#![expect(
    clippy::indexing_slicing,
    reason = "slots and shards are measured code: every place is taken from the length it indexes"
)]

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aggregates::values::UserId;
use papaya::HashMap;
use seize::{Collector, LocalGuard};

use super::{
    hash::{self, IdHash},
    roles::RoleIndex,
    users::{Roles, User},
};

/// How many roles fit in a slot.
pub(crate) const FEW: usize = 3;
/// In place of the number of roles: the index only marks this user.
const ELSEWHERE: u64 = FEW as u64 + 1;
/// How many of the hash's highest bits choose the shard. The writer copies a shard when it is full.
const SHARD_BITS: u32 = 6;

/// How many slots a segment has.
const SEGMENT: usize = 512;

/// The two halves of an id, then two roles, then a role and the number of roles. The id of an empty slot is zero.
#[derive(Debug, Default)]
#[repr(align(32))]
struct Slot([AtomicU64; 4]);

impl Slot {
    #[inline]
    fn load(&self) -> [u64; 4] {
        [0, 1, 2, 3].map(|at| self.0[at].load(Ordering::Relaxed))
    }

    fn store(&self, words: [u64; 4]) {
        for (slot, word) in self.0.iter().zip(words) {
            slot.store(word, Ordering::Relaxed);
        }
    }
}

/// What the index knows about a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The user does not exist.
    Nobody,
    /// The user has this many roles, namely the first ones in the array, and no other grants.
    Roles(u8, [RoleIndex; FEW]),
    /// The index does not know; look at the user's own entry.
    Elsewhere,
}

/// Users by id, in shards of slots.
pub(crate) struct UserIndex {
    shards: HashMap<u32, Shard, IdHash>,
}

/// Slots, found by linear probing.
#[derive(Debug)]
struct Shard {
    slots: Box<[Slot]>,
    /// Only the writer counts.
    used: AtomicU64,
}

/// The place of an id: its shard, and its position in the shard as a fraction of 2^32.
#[inline]
fn place(id: [u64; 2]) -> (u32, u64) {
    let hash = hash::mix(hash::mix(hash::SEED, id[0]), id[1]);
    ((hash >> (64 - SHARD_BITS)) as u32, hash & 0xffff_ffff)
}

#[inline]
fn halves(id: UserId) -> [u64; 2] {
    let (high, low) = id.0.as_u64_pair();
    [high, low]
}

#[inline]
fn found(words: [u64; 4]) -> Found {
    let roles = [words[2] as u32, (words[2] >> 32) as u32, words[3] as u32];
    let count = words[3] >> 32;
    if count <= FEW as u64 {
        Found::Roles(count as u8, roles)
    } else {
        Found::Elsewhere
    }
}

impl UserIndex {
    /// An empty index; this collector frees its memory.
    pub(crate) fn new(collector: Arc<Collector>) -> Self {
        Self {
            shards: HashMap::builder()
                .hasher(IdHash)
                .shared_collector(collector)
                .build(),
        }
    }

    /// Makes room for this many users at once. Call it only on an empty index.
    pub(crate) fn reserve(&self, users: usize, guard: &LocalGuard<'_>) {
        // Some shards get a few more users than others.
        let slots = (users >> SHARD_BITS) / 10 * 13;
        for number in 0..1 << SHARD_BITS {
            self.shards.insert(number, Shard::of(slots + 8), guard);
        }
    }

    /// What the index knows about a user.
    #[inline]
    pub(crate) fn find(&self, id: UserId, guard: &LocalGuard<'_>) -> Found {
        let id = halves(id);
        if id == [0; 2] {
            return Found::Elsewhere;
        }
        let (number, fraction) = place(id);
        self.shards
            .get(&number, guard)
            .map_or(Found::Nobody, |shard| shard.find(id, fraction))
    }

    /// Copies a user's entry into the index.
    pub(crate) fn put(&self, id: UserId, user: &User, guard: &LocalGuard<'_>) {
        let fits = user.extra.is_none() && user.roles.as_slice().len() <= FEW;
        self.put_or_mark(id, &user.roles, fits, guard);
    }

    /// Stores the roles of a user whose entry does not exist yet. Returns whether the slot has room for them; if not,
    /// the index stores nothing about the user.
    pub(crate) fn put_roles(&self, id: UserId, roles: &Roles, guard: &LocalGuard<'_>) -> bool {
        let fits = id.0.as_u128() != 0 && roles.as_slice().len() <= FEW;
        if fits {
            self.put_or_mark(id, roles, fits, guard);
        }
        fits
    }

    fn put_or_mark(&self, id: UserId, roles: &Roles, fits: bool, guard: &LocalGuard<'_>) {
        let id = halves(id);
        let (number, fraction) = place(id);
        if id == [0; 2] {
            return;
        }
        let roles = roles.as_slice();
        let role = |at: usize| u64::from(roles.get(at).copied().unwrap_or(0));
        let count = if fits { roles.len() as u64 } else { ELSEWHERE };
        let words = [id[0], id[1], role(0) | role(1) << 32, role(2) | count << 32];
        match self.shards.get(&number, guard) {
            Some(shard) if shard.put(fraction, words) => {}
            full => {
                let larger = Shard::grown(full);
                larger.put(fraction, words);
                self.shards.insert(number, larger, guard);
            }
        }
    }

    /// The number of shards, in the order of [`UserIndex::segment`].
    pub(crate) const SHARDS: u32 = 1 << SHARD_BITS;

    /// The users of one segment, in an order that never changes, even if users are added or removed. The segment is
    /// given by its shard and by its start within the shard's range. Returns the users and the start of the next
    /// segment of this shard, if there is one.
    ///
    /// This result, too, counts only if nobody wrote meanwhile.
    pub(crate) fn segment(
        &self,
        shard: u32,
        from: u64,
        guard: &LocalGuard<'_>,
    ) -> (Vec<(UserId, Found)>, Option<u64>) {
        self.shards
            .get(&shard, guard)
            .map_or((Vec::new(), None), |shard| shard.segment(from))
    }

    /// Where a user is in the order of [`UserIndex::segment`].
    pub(crate) fn place(id: UserId) -> (u32, u64) {
        place(halves(id))
    }

    /// Forgets a user.
    pub(crate) fn remove(&self, id: UserId, guard: &LocalGuard<'_>) {
        let id = halves(id);
        let (number, fraction) = place(id);
        if let Some(shard) = self.shards.get(&number, guard) {
            shard.remove(id, fraction);
        }
    }
}

impl Shard {
    /// An empty shard with this many slots.
    fn of(slots: usize) -> Self {
        Self {
            slots: (0..slots).map(|_| Slot::default()).collect(),
            used: AtomicU64::new(0),
        }
    }

    /// A larger shard with the content of `other`.
    fn grown(other: Option<&Self>) -> Self {
        let old = other.map_or(&[] as &[Slot], |shard| &shard.slots);
        let new = Self::of(old.len() + old.len() / 3 + 8);
        for slot in old {
            let words = slot.load();
            if words[..2] != [0; 2] {
                new.put(place([words[0], words[1]]).1, words);
            }
        }
        new
    }

    /// The slot where a search for an id begins.
    #[inline]
    fn home(&self, fraction: u64) -> usize {
        ((fraction * self.slots.len() as u64) >> 32) as usize
    }

    /// All slots, beginning with the one where a search for an id begins.
    #[inline]
    fn probe(&self, fraction: u64) -> impl Iterator<Item = &Slot> {
        let (before, after) = self.slots.split_at(self.home(fraction));
        after.iter().chain(before)
    }

    /// See [`UserIndex::segment`]: the users whose home is one of the next slots. A user may have been pushed past
    /// these slots, but not past the next empty slot.
    fn segment(&self, from: u64) -> (Vec<(UserId, Found)>, Option<u64>) {
        let length = self.slots.len();
        let first = self.home(from);
        let end = (first + SEGMENT).min(length);
        let mut users = Vec::with_capacity(SEGMENT);
        for (at, slot) in self.probe(from).enumerate() {
            let words = slot.load();
            let id = [words[0], words[1]];
            if id == [0; 2] {
                if first + at >= end {
                    break;
                }
                continue;
            }
            let (_, fraction) = place(id);
            if fraction >= from && (first..end).contains(&self.home(fraction)) {
                users.push((
                    fraction,
                    UserId(uuid::Uuid::from_u64_pair(id[0], id[1])),
                    found(words),
                ));
            }
        }
        users.sort_unstable_by_key(|(fraction, id, _)| (*fraction, *id));
        // The smallest fraction whose home is the slot at `end`.
        let next = (end < length).then(|| ((end as u64) << 32).div_ceil(length as u64));
        (
            users.into_iter().map(|(_, id, found)| (id, found)).collect(),
            next,
        )
    }

    #[inline]
    fn find(&self, id: [u64; 2], fraction: u64) -> Found {
        for slot in self.probe(fraction) {
            let words = slot.load();
            if words[..2] == id {
                return found(words);
            }
            if words[..2] == [0; 2] {
                break;
            }
        }
        Found::Nobody
    }

    /// Stores an entry and returns whether there was room: one slot in five stays empty.
    fn put(&self, fraction: u64, words: [u64; 4]) -> bool {
        let used = self.used.load(Ordering::Relaxed);
        for slot in self.probe(fraction) {
            let held = slot.load();
            if held[..2] == words[..2] {
                slot.store(words);
                return true;
            }
            if held[..2] == [0; 2] {
                if 5 * (used + 1) > 4 * self.slots.len() as u64 {
                    return false;
                }
                slot.store(words);
                self.used.store(used + 1, Ordering::Relaxed);
                return true;
            }
        }
        false
    }

    /// Empties a slot, then moves back the entries that had been pushed past it.
    fn remove(&self, id: [u64; 2], fraction: u64) {
        let length = self.slots.len();
        let Some(offset) = self.probe(fraction).position(|slot| slot.load()[..2] == id) else {
            return;
        };
        let mut hole = (self.home(fraction) + offset) % length;
        let mut at = hole;
        loop {
            at = (at + 1) % length;
            let words = self.slots[at].load();
            if words[..2] == [0; 2] {
                break;
            }
            let home = self.home(place([words[0], words[1]]).1);
            // The entry may move if its home is not between the hole and its present slot.
            if (at + length - home) % length >= (at + length - hole) % length {
                self.slots[hole].store(words);
                hole = at;
            }
        }
        self.slots[hole].store([0; 4]);
        self.used.fetch_sub(1, Ordering::Relaxed);
    }
}
