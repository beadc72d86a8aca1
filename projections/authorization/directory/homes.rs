//! Where numbered resources are, in as little memory as a check can touch: four bytes per resource.
//!
//! This repeats the content of the directory for resources with small numbers that belong to one other resource. A check that finds the
//! place of a resource in the map waits for memory four times: for the slot, the entry, the parents and the id of the first one.
//!
//! The writer writes in place, so a reader may see an entry of a later position. A result counts only if the reader finds afterwards that
//! nobody wrote meanwhile, as with the index of users.

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

/// How many numbers a chunk has.
const CHUNK: u32 = 4096;
/// How many chunks there are at most: what has a larger number is in the map alone.
const CHUNKS: u32 = 1024;

/// The numbers of [`CHUNK`] resources' parents; 0 if the resource does not exist or is elsewhere, too.
type Chunk = Box<[AtomicU32]>;

/// The parents of the resources of one type.
#[derive(Default)]
pub(super) struct Homes(OnceLock<Box<[OnceLock<Chunk>]>>);

impl Homes {
    /// The number of the resource to which a resource belongs. `None` if only the map knows.
    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<u32> {
        let chunk = self.0.get()?.get((number / CHUNK) as usize)?.get()?;
        let home = chunk.get((number % CHUNK) as usize)?.load(Ordering::Relaxed);
        Some(home).filter(|home| *home != 0)
    }

    /// Records the parent of a resource; `None` if only the map knows from now on.
    pub(super) fn set(&self, number: u32, home: Option<u32>) {
        if number >= CHUNK * CHUNKS || (home.is_none() && self.get(number).is_none()) {
            return;
        }
        let chunks = self.0.get_or_init(|| {
            std::iter::repeat_with(OnceLock::new)
                .take(CHUNKS as usize)
                .collect()
        });
        let chunk = chunks.get((number / CHUNK) as usize).map(|chunk| {
            chunk.get_or_init(|| {
                std::iter::repeat_with(AtomicU32::default)
                    .take(CHUNK as usize)
                    .collect()
            })
        });
        if let Some(entry) = chunk.and_then(|chunk| chunk.get((number % CHUNK) as usize)) {
            entry.store(home.unwrap_or(0), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_home_of_each_number_is_known_if_the_number_is_small() {
        let homes = Homes::default();
        assert_eq!(homes.get(1), None);
        for (number, home, known) in [
            (1, Some(3), Some(3)),
            (CHUNK - 1, Some(4), Some(4)),
            (CHUNK, Some(5), Some(5)),
            (CHUNK, Some(6), Some(6)),
            (CHUNK * CHUNKS - 1, Some(7), Some(7)),
            (CHUNK * CHUNKS, Some(8), None),
            (i32::MAX.cast_unsigned(), Some(8), None),
            (1, None, None),
            (2, None, None),
        ] {
            homes.set(number, home);
            assert_eq!(homes.get(number), known, "{number}");
        }
        assert_eq!(homes.get(CHUNK - 1), Some(4));
    }
}
