//! The patterns of a holder with few patterns: a check looks at each of them, but at only one word of most of them.
//!
//! A signature has one byte for each of the first levels: a hash of the level, or zero beyond the last level. A pattern
//! also has a signature, and a mask that leaves out what its wildcards match. If the signatures differ under the mask,
//! the pattern does not match; otherwise it is compared in full. For a few dozen patterns this touches less memory than
//! the nodes of a tree, and memory is what a check waits for.

#![expect(
    clippy::indexing_slicing,
    reason = "measured code: there is one entry for each context"
)]

use aggregates::values::{Context, Permission};

use super::{
    levels,
    question::{Operations, Question, operations},
};

/// How many levels a signature has.
const SIGNED: usize = 7;
/// How many bits hold the place where a text ends. Few patterns means at most 48, of 64 KiB each.
const END_BITS: u32 = 30;
/// The byte for a wildcard in the signature of a filter in a question. It is not the byte of any level.
const WILDCARD: u8 = u8::MAX;

/// The first levels of a text, one byte each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Signature(pub(crate) u64);

impl Signature {
    /// The signature of a text. In a `filter`, `+` is a wildcard, and so are `#` and everything after it.
    #[inline]
    pub(crate) fn of(text: &[u8], filter: bool) -> Self {
        let mut signature = 0;
        let mut start = 0;
        for at in 0..SIGNED {
            let level = levels::read(text, start);
            let byte = match level.of(text) {
                b"#" if filter => return Self(signature | u64::MAX >> 8 >> (8 * at) << (8 * at)),
                b"+" if filter => WILDCARD,
                _ => level_byte(level.hash),
            };
            signature |= u64::from(byte) << (8 * at);
            start = level.next();
            if start > text.len() {
                break;
            }
        }
        Self(signature)
    }
}

/// The byte for a level. It is neither zero, which means the end, nor [`WILDCARD`].
#[inline]
fn level_byte(hash: u32) -> u8 {
    1 + ((u64::from(hash) * 254) >> 32) as u8
}

/// The signature of a pattern, with its mask.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    mask: u64,
    /// The signature.
    value: u64,
}

impl Entry {
    /// What two patterns have in common.
    fn and(self, other: Self) -> Self {
        let differing = self.value ^ other.value;
        let same = (0..8)
            .map(|at| 0xff << (8 * at))
            .filter(|byte| differing & byte == 0);
        Self {
            mask: self.mask & other.mask & same.fold(0, |all, byte| all | byte),
            ..self
        }
    }

    /// Whether the pattern may match a text with this signature.
    #[inline]
    fn agrees(&self, signature: Signature) -> bool {
        (self.value ^ signature.0) & self.mask == 0
    }

    fn of(permission: &Permission) -> Self {
        let mut entry = Self { mask: 0, value: 0 };
        let mut levels = permission.resource.split('/');
        for at in 0..SIGNED {
            let byte = match levels.next() {
                Some("#") => break,
                Some("+") => continue,
                Some(level) => level_byte(levels::read(level.as_bytes(), 0).hash),
                None => 0,
            };
            entry.mask |= 0xff << (8 * at);
            entry.value |= u64::from(byte) << (8 * at);
            if byte == 0 {
                break;
            }
        }
        entry
    }
}

/// Few patterns and what they grant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scan {
    /// What all patterns of a context have in common, one entry per context. A role is usually made for one place or
    /// one purpose, so this entry alone is enough to deny most questions.
    common: [Entry; 2],
    /// The patterns of context http come first.
    entries: Box<[Entry]>,
    http: u32,
    /// First, for each pattern, four bytes: where its text ends and, in the highest two bits, the operations that it
    /// grants. Then the texts. So a check reads only this field of the pattern that grants what is asked.
    texts: Box<[u8]>,
}

impl Scan {
    /// The scan of these permissions.
    pub(crate) fn of(permissions: &[Permission]) -> Self {
        let mut ordered: Vec<&Permission> = permissions.iter().collect();
        // Context http, which is the smaller value, comes first. Within a context, patterns of one shape stay together.
        ordered.sort_by_key(|permission| (permission.context, Entry::of(permission).mask));
        let ordered = || ordered.iter().copied();
        let of = |context| ordered().filter(move |permission| permission.context == context);
        let resources = || ordered().map(|permission| permission.resource.as_bytes());
        let ends = ordered().scan(4 * permissions.len(), |end, permission| {
            *end += permission.resource.len();
            Some(*end as u32 | operations(permission.operation) << END_BITS)
        });
        let texts = ends
            .flat_map(u32::to_le_bytes)
            .chain(resources().flatten().copied())
            .collect();
        let common = |context| of(context).map(Entry::of).reduce(Entry::and).unwrap_or_default();
        Self {
            common: [Context::Http, Context::Mqtt].map(common),
            entries: ordered().map(Entry::of).collect(),
            http: of(Context::Http).count() as u32,
            texts,
        }
    }

    /// For each pattern: its context, its mask and its signature. Patterns with the same wildcards stay together.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Context, u64, Signature)> {
        let contexts = (0..self.http)
            .map(|_| Context::Http)
            .chain(std::iter::repeat(Context::Mqtt));
        contexts
            .zip(&self.entries)
            .map(|(context, entry)| (context, entry.mask, Signature(entry.value)))
    }

    /// The `wanted` operations that the pattern at this place grants.
    #[inline]
    pub(crate) fn granted_at(&self, at: usize, question: &Question<'_>, wanted: Operations) -> Operations {
        let context = if at < self.http as usize {
            Context::Http
        } else {
            Context::Mqtt
        };
        if at < self.entries.len() && context == question.context {
            self.look_closely(at, question, wanted)
        } else {
            0
        }
    }

    /// The `wanted` operations that are granted.
    #[inline]
    pub(crate) fn granted(&self, question: &Question<'_>, wanted: Operations) -> Operations {
        if !self.common[question.context as usize].agrees(question.signature) {
            return 0;
        }
        let (from, to) = match question.context {
            Context::Http => (0, self.http as usize),
            Context::Mqtt => (self.http as usize, self.entries.len()),
        };
        let mut granted = 0;
        for (at, entry) in (from..).zip(self.entries.get(from..to).unwrap_or_default()) {
            if entry.agrees(question.signature) {
                granted |= self.look_closely(at, question, wanted & !granted);
                if granted == wanted {
                    break;
                }
            }
        }
        granted
    }

    /// The `wanted` operations that a pattern with an agreeing signature grants.
    fn look_closely(&self, at: usize, question: &Question<'_>, wanted: Operations) -> Operations {
        let (ends, _) = self.texts.as_chunks::<4>();
        let end = |at: usize| ends.get(at).map_or(0, |end| u32::from_le_bytes(*end));
        let place = |end: u32| (end & !(u32::MAX << END_BITS)) as usize;
        let start = at
            .checked_sub(1)
            .map_or(4 * self.entries.len(), |before| place(end(before)));
        let text = self.texts.get(start..place(end(at))).unwrap_or_default();
        let grants = end(at) >> END_BITS & wanted;
        if grants != 0 && question.is_covered_by(text) {
            grants
        } else {
            0
        }
    }
}
