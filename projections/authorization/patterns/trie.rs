//! All patterns of one holder, as a tree over their levels, in one allocation.
//!
//! The tree is a slice of words. The place of its first word identifies a node; place 0 is not a node:
//!
//! ```text
//! operations granted here (2 bits) and by a `#` below (2 bits), length of the label in bytes
//! the child for `+`
//! where to go when this node's subtree is exhausted
//! depth
//! count of children with labels
//! the label, the hashes of the children in ascending order, the children
//! ```
//!
//! A walk goes down to the child with the right label. If there is none, it goes down to `+`; if there is none either,
//! it goes to the node in the third word: the nearest `+` on the way here that the walk passed by. This node depends
//! only on the current node, so the walk needs no stack, however deep the patterns are. Since the words form a tree,
//! the walk enters no node twice: the number of nodes limits its cost. Hashes only choose a child; the walk then
//! compares the labels.

#![expect(
    clippy::indexing_slicing,
    reason = "measured code: there is one root for each context"
)]

use super::{
    levels::{Level, Levels},
    question::{Operations, Question},
};

/// How many words come before the label.
pub(crate) const HEADER: usize = 5;
/// The offset of a node's child for `+`.
const PLUS: usize = 1;
/// The offset of the node where the walk continues.
const RETRY: usize = 2;
/// The offset of a node's depth.
const DEPTH: usize = 3;
/// The offset of the number of a node's children.
const CHILDREN: usize = 4;
/// In the first word: the shift of the operations that a `#` below grants.
pub(crate) const REST_SHIFT: u32 = 2;
/// In the first word: the shift of the length of the label.
pub(crate) const LENGTH_SHIFT: u32 = 4;
/// With fewer children than this, a linear search is faster than a binary search.
const FEW: usize = 12;

/// Patterns and the operations they grant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trie {
    pub(crate) words: Box<[u32]>,
    /// The root for each context.
    pub(crate) roots: [u32; 2],
}

impl Trie {
    /// The `wanted` operations that are granted. It stops as soon as all of them are, so it may not find further
    /// grants.
    #[inline]
    pub(crate) fn granted(&self, question: &Question<'_>, wanted: Operations) -> Operations {
        let root = self.roots[question.context as usize] as usize;
        match Levels::split(question.text) {
            Some(levels) if root != 0 => self.walk(root, question, &levels, wanted),
            _ => 0,
        }
    }

    fn walk(
        &self,
        root: usize,
        question: &Question<'_>,
        levels: &Levels<'_>,
        wanted: Operations,
    ) -> Operations {
        // Where a walk for a reserved topic must not go: to what a wildcard at the start grants.
        let barred = if question.reserved {
            self.word(root + PLUS)
        } else {
            0
        };
        let mut granted = 0;
        let mut node = root;
        let mut depth = 0;
        let mut level = levels.first();
        loop {
            let first = self.word(node);
            if !(question.reserved && node == root) {
                granted |= first >> REST_SHIFT & 0b11;
            }
            let mut next = 0;
            match level {
                None => granted |= first & 0b11,
                Some(level) if question.filter && level.of(question.text) == b"#" => {}
                Some(level) => {
                    next = self.child(node, first, level, question.text);
                    if next == 0 {
                        next = self.word(node + PLUS);
                    }
                }
            }
            if wanted & !granted == 0 {
                return wanted;
            }
            if next == 0 || next == barred {
                next = self.word(node + RETRY);
                if next == 0 || next == barred {
                    return wanted & granted;
                }
                let to = self.word(next as usize + DEPTH);
                level = levels.back(level, depth, to);
                depth = to;
            } else {
                depth += 1;
                level = level.and_then(|level| levels.after(level, depth));
            }
            node = next as usize;
        }
    }

    /// The child of `node` with this level as its label; 0 if there is no such child.
    #[inline]
    fn child(&self, node: usize, first: u32, level: Level, text: &[u8]) -> u32 {
        let count = self.word(node + CHILDREN) as usize;
        let start = node + HEADER + label_words(first);
        let hashes = self.words.get(start..start + count).unwrap_or_default();
        let mut at = if count < FEW {
            hashes
                .iter()
                .position(|hash| *hash == level.hash)
                .unwrap_or(count)
        } else {
            hashes.partition_point(|hash| *hash < level.hash)
        };
        while hashes.get(at) == Some(&level.hash) {
            let child = self.word(start + count + at);
            if self.has_label(child as usize, level.of(text)) {
                return child;
            }
            at += 1;
        }
        0
    }

    #[inline]
    fn has_label(&self, node: usize, wanted: &[u8]) -> bool {
        let first = self.word(node);
        if (first >> LENGTH_SHIFT) as usize != wanted.len() {
            return false;
        }
        let label = self
            .words
            .get(node + HEADER..node + HEADER + label_words(first))
            .unwrap_or_default();
        label.iter().copied().eq(words_of(wanted))
    }

    #[inline]
    fn word(&self, place: usize) -> u32 {
        self.words.get(place).copied().unwrap_or(0)
    }
}

/// How many words the label takes, by the first word of the node.
#[inline]
fn label_words(first: u32) -> usize {
    (first >> LENGTH_SHIFT).div_ceil(4) as usize
}

/// A label as words; zeros fill the last word.
#[inline]
pub(crate) fn words_of(label: &[u8]) -> impl Iterator<Item = u32> {
    let (quads, rest) = label.as_chunks::<4>();
    let last = rest
        .iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u32::from(*byte));
    quads
        .iter()
        .map(|quad| u32::from_le_bytes(*quad))
        .chain((!rest.is_empty()).then_some(last))
}
