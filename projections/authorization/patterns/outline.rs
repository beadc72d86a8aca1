//! Outlines: summaries of roles' patterns, in two cache lines per role. Most roles do not grant what is asked, and
//! their outlines show it without a look at the roles.
//!
//! An outline repeats the content of `roles` for roles with few patterns. Patterns with wildcards at the same levels
//! have the same shape. For each shape, the question is hashed without those levels into a tag of 15 bits; each pattern
//! has such a tag, too. If no tag is equal, no pattern matches; otherwise the pattern itself is compared.
//!
//! The writer writes outlines in place, like the slots of `index`. What a reader finds here counts only if it sees
//! afterwards that nobody wrote meanwhile.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use aggregates::values::Context;

use super::{grants::Grants, question::Question, roles::RoleIndex, scan::Signature};

/// The number of words in an outline. The first two words consist of bytes: the first byte is 1 plus the number of
/// words with tags; from the third byte on, each byte is the shape of one such word. The tags follow, four per word. An
/// outline of zeros means: look at the role itself.
const WORDS: usize = 16;
/// The index of the first word with tags.
const TAGS: usize = 2;
/// How many outlines are allocated at once.
const SEGMENT: usize = 1_024;
/// How many segments of outlines there can be. Role indexes are never used again, nor are their outlines, so there must
/// be a limit.
const SEGMENTS: usize = 64;
/// The lowest bit of each tag in a word.
const EACH: u64 = 0x0001_0001_0001_0001;

/// The outlines of all roles.
pub(crate) struct Outlines(Box<[OnceLock<Box<[Outline]>>]>);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Outline([AtomicU64; WORDS]);

/// The result of a look at an outline: one bit for each word with an equal tag. If no bit is set, no pattern matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hint(u64);

impl Hint {
    /// The outline does not know; look at the role itself.
    const ELSEWHERE: Self = Self(1 << 63);

    /// Whether the role is worth a look.
    #[inline]
    pub(crate) fn is_any(self) -> bool {
        self.0 != 0
    }
}

/// The levels at which a pattern has no wildcard, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape(u8);

impl Shape {
    /// The shape of a pattern whose signature is compared under this mask of whole bytes.
    fn of(mask: u64) -> Self {
        Self(
            (0..7)
                .filter(|at| mask >> (8 * at) & 1 != 0)
                .fold(0, |bits, at| bits | 1 << at),
        )
    }

    /// The tag of a signature. It is equal for a pattern of this shape and for every text that agrees with it in the
    /// same context. It is never 0.
    #[inline]
    fn tag(self, context: Context, signature: Signature) -> u64 {
        let levels = u64::from(self.0 & 0x7f);
        let mask = (levels.wrapping_mul(0x0002_0408_1020_4081) & 0x0101_0101_0101_0101) * 0xff;
        let hash = (signature.0 & mask).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash >> 48 ^ (context as u64) << 15) | 1
    }
}

impl Default for Outlines {
    fn default() -> Self {
        Self((0..SEGMENTS).map(|_| OnceLock::new()).collect())
    }
}

impl Outlines {
    /// Stores the outline of what a role grants.
    pub(crate) fn put(&self, index: RoleIndex, grants: &Grants) {
        let words = match grants {
            Grants::Few(scan) => outline(scan.entries()),
            Grants::Many(_) => None,
        };
        self.store(index, words.unwrap_or_default());
    }

    /// Forgets a role.
    pub(crate) fn remove(&self, index: RoleIndex) {
        self.store(index, [0; WORDS]);
    }

    fn store(&self, index: RoleIndex, words: [u64; WORDS]) {
        let (segment, at) = place(index);
        let Some(segment) = self.0.get(segment) else {
            return;
        };
        let outlines = segment.get_or_init(|| (0..SEGMENT).map(|_| Outline::default()).collect());
        if let Some(outline) = outlines.get(at) {
            for (slot, word) in outline.0.iter().zip(words) {
                slot.store(word, Ordering::Relaxed);
            }
        }
    }

    /// Whether a role may grant part of what is asked.
    #[inline]
    pub(crate) fn look(&self, index: RoleIndex, question: &Question<'_>) -> Hint {
        self.get(index)
            .map_or(Hint::ELSEWHERE, |outline| outline.look(question))
    }

    /// The place of the role's pattern to which a hint points.
    pub(crate) fn resolve(&self, index: RoleIndex, question: &Question<'_>, hint: Hint) -> Option<usize> {
        self.get(index)
            .filter(|_| hint != Hint::ELSEWHERE)?
            .resolve(question, hint)
    }

    #[inline]
    fn get(&self, index: RoleIndex) -> Option<&Outline> {
        let (segment, at) = place(index);
        self.0.get(segment)?.get()?.get(at)
    }
}

#[inline]
fn place(index: RoleIndex) -> (usize, usize) {
    (index as usize / SEGMENT, index as usize % SEGMENT)
}

impl Outline {
    #[inline]
    fn word(&self, at: usize) -> u64 {
        self.0.get(at).map_or(0, |word| word.load(Ordering::Relaxed))
    }

    /// This looks at all words, whatever it finds: that is faster than guessing when to stop.
    #[inline]
    fn look(&self, question: &Question<'_>) -> Hint {
        let mut shapes = self.shapes();
        let Some(count) = (shapes as u8).checked_sub(1) else {
            return Hint::ELSEWHERE;
        };
        let mut found = 0;
        for at in 0..usize::from(count) {
            shapes >>= 8;
            found |= u64::from(self.equal(at, shapes, question) != 0) << at;
        }
        Hint(found)
    }

    fn resolve(&self, question: &Question<'_>, Hint(found): Hint) -> Option<usize> {
        let at = found.trailing_zeros() as usize;
        let equal = self.equal(at, self.shapes() >> (8 * (at + 1)).min(127), question);
        // Every tag has its lowest bit set, so these bits can be counted.
        let before = (0..at)
            .map(|at| (self.word(TAGS + at) & EACH).wrapping_mul(EACH) >> 48)
            .sum::<u64>();
        (equal != 0).then(|| before as usize + equal.trailing_zeros() as usize / 16)
    }

    #[inline]
    fn shapes(&self) -> u128 {
        u128::from(self.word(1)) << 64 | u128::from(self.word(0))
    }

    /// Compares the tags in a word with the question's tag under the shape in the second byte. Sets the highest bit of
    /// the first tag that is equal, and perhaps of some tags after it.
    #[inline]
    fn equal(&self, at: usize, shapes: u128, question: &Question<'_>) -> u64 {
        let wanted = Shape((shapes >> 8) as u8).tag(question.context, question.signature) * EACH;
        let differing = self.word(TAGS + at) ^ wanted;
        differing.wrapping_sub(EACH) & !differing & (EACH << 15)
    }
}

/// The words for patterns in the order of their shapes; `None` if they do not fit.
fn outline(patterns: impl Iterator<Item = (Context, u64, Signature)>) -> Option<[u64; WORDS]> {
    let mut words = [0; WORDS];
    let (mut last, mut count, mut lane) = (None, 0, 0);
    for (context, mask, signature) in patterns {
        let shape = Shape::of(mask);
        if last != Some((context, shape)) || lane == 4 {
            (last, lane, count) = (Some((context, shape)), 0, count + 1);
            let byte = count + 1;
            *words.get_mut(byte / 8).filter(|_| byte < 16)? |= u64::from(shape.0) << (8 * (byte % 8));
        }
        *words.get_mut(TAGS + count - 1)? |= shape.tag(context, signature) << (16 * lane);
        lane += 1;
    }
    words[0] |= count as u64 + 1;
    Some(words)
}
