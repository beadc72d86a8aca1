//! A topic, path or filter, split into its levels once per check.

use super::hash::mix;

/// How many levels are kept. The walk finds later ones again when it needs them, so that nothing is allocated.
const KEPT: usize = 16;

/// One level: a range of the text, and the hash of this range.
#[derive(Clone, Copy, Default)]
pub(crate) struct Level {
    start: u32,
    end: u32,
    /// Equal for equal texts.
    pub(crate) hash: u32,
}

impl Level {
    /// The level's text.
    #[inline]
    pub(crate) fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// The length of the level in bytes.
    #[inline]
    pub(crate) fn length(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Where the next level starts; beyond the end of the text if this level is the last.
    #[inline]
    pub(crate) fn next(self) -> usize {
        self.end as usize + 1
    }
}

/// A text split at its slashes. There is always a first level, but it may be empty.
pub(crate) struct Levels<'a> {
    text: &'a [u8],
    kept: [Level; KEPT],
    count: u32,
    /// Whether the text has more levels than are kept.
    more: bool,
}

impl<'a> Levels<'a> {
    /// Splits a text; `None` if the text is longer than any name can be.
    #[inline]
    pub(crate) fn split(text: &'a [u8]) -> Option<Self> {
        if text.len() >= u32::MAX as usize {
            return None;
        }
        let mut levels = Self {
            text,
            kept: [Level::default(); KEPT],
            count: 0,
            more: false,
        };
        let mut start = 0;
        for kept in &mut levels.kept {
            let level = read(text, start);
            *kept = level;
            levels.count += 1;
            start = level.next();
            if start > text.len() {
                return Some(levels);
            }
        }
        levels.more = true;
        Some(levels)
    }

    /// The first level.
    #[inline]
    pub(crate) fn first(&self) -> Option<Level> {
        self.kept.first().copied()
    }

    /// The level at `depth`, which comes after `level`.
    #[inline]
    pub(crate) fn after(&self, level: Level, depth: u32) -> Option<Level> {
        if depth < self.count {
            return self.kept.get(depth as usize).copied();
        }
        let start = level.next();
        (self.more && start <= self.text.len()).then(|| read(self.text, start))
    }

    /// The level at depth `to`, going back from `level` at depth `from`. `None` as `level` means the place after the
    /// last level.
    pub(crate) fn back(&self, level: Option<Level>, from: u32, to: u32) -> Option<Level> {
        if to < self.count {
            return self.kept.get(to as usize).copied();
        }
        if from == to {
            return level;
        }
        let mut start = level.map_or(self.text.len() + 1, |level| level.start as usize);
        for _ in to..from {
            let before = self.text.get(..start.checked_sub(1)?)?;
            start = before
                .iter()
                .rposition(|byte| *byte == b'/')
                .map_or(0, |slash| slash + 1);
        }
        Some(read(self.text, start))
    }
}

const LOW: u64 = u64::from_le_bytes([0x01; 8]);
const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
const SLASHES: u64 = u64::from_le_bytes([b'/'; 8]);

/// The level that starts at `start`, read eight bytes at a time.
#[inline]
pub(crate) fn read(text: &[u8], start: usize) -> Level {
    let mut hash = 0x1319_8a2e_0370_7344;
    let mut at = start;
    loop {
        let word = word(text, at);
        let bits = first_zero(word ^ SLASHES);
        if bits < 64 {
            let hash = mix(hash, word & !(u64::MAX << bits));
            let end = (at + bits as usize / 8).min(text.len());
            return Level {
                start: start as u32,
                end: end as u32,
                hash: (hash ^ (hash >> 32)) as u32,
            };
        }
        hash = mix(hash, word);
        at += 8;
    }
}

/// How many bits come before the first byte of a word that is `+` or `#`. These two characters differ in one bit.
#[inline]
pub(crate) fn first_wildcard(word: u64) -> u32 {
    let differing = (word | u64::from_le_bytes([b'+' ^ b'#'; 8])) ^ u64::from_le_bytes([b'+'; 8]);
    first_zero(differing)
}

/// How many bits come before the first zero byte of a word; 64 if there is no zero byte.
#[inline]
fn first_zero(word: u64) -> u32 {
    // The high bit of each zero byte, and perhaps of some bytes after the first zero byte.
    let zeros = word.wrapping_sub(LOW) & !word & HIGH;
    if zeros == 0 {
        64
    } else {
        zeros.trailing_zeros() & !7
    }
}

/// Eight bytes from `at`; slashes stand for the bytes beyond the end of the text.
#[inline]
pub(crate) fn word(text: &[u8], at: usize) -> u64 {
    if let Some(eight) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        return u64::from_le_bytes(*eight);
    }
    let left = text.len().saturating_sub(at);
    if left == 0 {
        return SLASHES;
    }
    let bits = 8 * left as u32;
    let bytes = match text.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last) >> (64 - bits),
        None => text
            .iter()
            .skip(at)
            .rev()
            .fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    bytes | (SLASHES << bits)
}
