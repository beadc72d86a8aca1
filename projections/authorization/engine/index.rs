//! Who holds which roles, in as little memory as a check can touch: a slot of half a cache line per user.
//!
//! This repeats what `users` says, for users with few roles and nothing else; the others are only marked. A check
//! that has to wait for memory once instead of three times is twice as fast.
//!
//! Slots are written in place, so a reader may see one half old and half new. What is read here counts only if the
//! reader finds afterwards that nothing was written meanwhile (`Authorization::is_granted`). Until then it may be
//! nonsense, but reading it ends.

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
/// Stands for the number of roles of a user who is only marked.
const ELSEWHERE: u64 = FEW as u64 + 1;
/// How many of the hash's highest bits choose the shard. A shard is copied when it is full.
const SHARD_BITS: u32 = 6;

/// How many slots a segment has.
const SEGMENT: usize = 512;

/// The halves of an id, two roles, and a role and the number of roles. An empty slot has the id of zeros.
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

/// What the index knows of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is no such user.
    Nobody,
    /// The user has these roles, as many as the number says, and no grants besides.
    Roles(u8, [RoleIndex; FEW]),
    /// Only the user's own entry tells.
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

/// Where an id belongs: the shard, and a fraction of its length in 32 bits.
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
    /// An empty one, whose memory is freed by this collector.
    pub(crate) fn new(collector: Arc<Collector>) -> Self {
        Self {
            shards: HashMap::builder()
                .hasher(IdHash)
                .shared_collector(collector)
                .build(),
        }
    }

    /// Makes room for so many users at once. Only for an empty index.
    pub(crate) fn reserve(&self, users: usize, guard: &LocalGuard<'_>) {
        // A shard is a little fuller than another.
        let slots = (users >> SHARD_BITS) / 10 * 13;
        for number in 0..1 << SHARD_BITS {
            self.shards.insert(number, Shard::of(slots + 8), guard);
        }
    }

    /// What is known of a user.
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

    /// Takes over what a user's entry says.
    pub(crate) fn put(&self, id: UserId, user: &User, guard: &LocalGuard<'_>) {
        let fits = user.extra.is_none() && user.roles.as_slice().len() <= FEW;
        self.put_or_mark(id, &user.roles, fits, guard);
    }

    /// Takes these roles of a user whose entry is not there yet. Answers whether there was room; otherwise it knows
    /// nothing of the user.
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

    /// The shards there may be, in the order of [`UserIndex::segment`].
    pub(crate) const SHARDS: u32 = 1 << SHARD_BITS;

    /// Users in an order that never changes, whoever comes and goes: the shard of a segment, and where it starts within
    /// the shard's range. Answers the users of the segment in order, and where the next one starts, if there is one.
    ///
    /// What is read here, too, counts only if nothing was written meanwhile.
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
    /// An empty one of so many slots.
    fn of(slots: usize) -> Self {
        Self {
            slots: (0..slots).map(|_| Slot::default()).collect(),
            used: AtomicU64::new(0),
        }
    }

    /// One with room for more, and all that the other has.
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

    /// Where an id is looked for first.
    #[inline]
    fn home(&self, fraction: u64) -> usize {
        ((fraction * self.slots.len() as u64) >> 32) as usize
    }

    /// All slots, from where an id is looked for first.
    #[inline]
    fn probe(&self, fraction: u64) -> impl Iterator<Item = &Slot> {
        let (before, after) = self.slots.split_at(self.home(fraction));
        after.iter().chain(before)
    }

    /// See [`UserIndex::segment`]: the users whose home is one of the next slots. They are there or, pushed past it, in
    /// the slots up to the next empty one.
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
        // The least fraction whose home is the slot at `end`.
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

    /// Whether there was room: one slot in five stays empty.
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

    /// Empties a slot, and moves those after it that were pushed past it.
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
            // It may move if its home is not between the hole and itself.
            if (at + length - home) % length >= (at + length - hole) % length {
                self.slots[hole].store(words);
                hole = at;
            }
        }
        self.slots[hole].store([0; 4]);
        self.used.fetch_sub(1, Ordering::Relaxed);
    }
}
