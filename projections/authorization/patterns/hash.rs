//! The hash for keys that are already random: ids and digests that this server makes.

use std::hash::{BuildHasher, Hasher};

/// Makes [`IdHasher`]s. Do not use it for keys that strangers choose, such as usernames.
#[derive(Clone, Copy, Default)]
pub(crate) struct IdHash;

/// Multiplies once for each eight bytes.
pub(crate) struct IdHasher(u64);

impl BuildHasher for IdHash {
    type Hasher = IdHasher;

    #[inline]
    fn build_hasher(&self) -> IdHasher {
        IdHasher(SEED)
    }
}

impl Hasher for IdHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        for byte in rest {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.0 = mix(self.0, value);
    }

    /// Hashing a key also writes its length; all keys have the same length, so this does nothing.
    #[inline]
    fn write_usize(&mut self, _: usize) {}

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

/// The initial value of the hash; any number without a pattern in its bits would do.
pub(crate) const SEED: u64 = 0x243f_6a88_85a3_08d3;

/// Multiplies, then combines both halves of the wide product: each bit of the result depends on every bit of the input.
#[inline]
pub(crate) const fn mix(state: u64, value: u64) -> u64 {
    let product = (state ^ value) as u128 * 0x9e37_79b9_7f4a_7c15;
    (product as u64) ^ ((product >> 64) as u64)
}
