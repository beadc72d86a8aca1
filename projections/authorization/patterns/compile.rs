//! Compiles permissions into a [`Trie`].

#![expect(
    clippy::indexing_slicing,
    reason = "a draft is known by its place among the drafts, which only grow"
)]

use std::collections::HashMap;

use aggregates::values::Permission;

use super::{
    levels,
    question::{Operations, operations},
    trie::{HEADER, LENGTH_SHIFT, REST_SHIFT, Trie, words_of},
};

/// A node under construction. Parents come before their children.
#[derive(Default)]
struct Draft<'a> {
    parent: usize,
    /// `None` for `+` and for a root.
    label: Option<&'a str>,
    here: Operations,
    rest: Operations,
    plus: usize,
    /// The node where the walk continues after this subtree.
    retry: usize,
    depth: u32,
    /// The hash and the node of each child.
    children: Vec<(u32, usize)>,
}

impl Draft<'_> {
    fn words(&self) -> usize {
        HEADER + self.label.map_or(0, |label| label.len().div_ceil(4)) + 2 * self.children.len()
    }
}

/// Compiles a tree, in time and space proportional to the levels of all patterns.
pub(crate) fn compile(permissions: &[Permission]) -> Trie {
    if permissions.is_empty() {
        return Trie::default();
    }
    // Place 0 is not a node.
    let mut drafts = vec![Draft::default()];
    let mut roots = [0; 2];
    let mut labelled = HashMap::new();
    let mut room = u32::MAX as usize - 2 * HEADER;
    for permission in permissions {
        // An upper bound. A pattern that does not fit is not granted; this needs patterns of some 16 GiB in total.
        let most = permission.resource.len() + 1;
        let Some(left) = room.checked_sub(most * (HEADER + 3)) else {
            continue;
        };
        room = left;
        let root = &mut roots[permission.context as usize];
        if *root == 0 {
            *root = drafts.len();
            drafts.push(Draft::default());
        }
        insert(&mut drafts, &mut labelled, *root, permission);
    }
    link(&mut drafts);
    write(&mut drafts, roots)
}

fn insert<'a>(
    drafts: &mut Vec<Draft<'a>>,
    labelled: &mut HashMap<(usize, &'a str), usize>,
    root: usize,
    permission: &'a Permission,
) {
    let mut node = root;
    for level in permission.resource.split('/') {
        let next = drafts.len();
        let found = match level {
            "#" => {
                drafts[node].rest |= operations(permission.operation);
                return;
            }
            "+" if drafts[node].plus == 0 => {
                drafts[node].plus = next;
                next
            }
            "+" => drafts[node].plus,
            label => *labelled.entry((node, label)).or_insert(next),
        };
        if found == next {
            let label = (level != "+").then_some(level);
            if let Some(label) = label {
                drafts[node]
                    .children
                    .push((levels::read(label.as_bytes(), 0).hash, next));
            }
            let depth = drafts[node].depth + 1;
            drafts.push(Draft {
                parent: node,
                label,
                depth,
                ..Draft::default()
            });
        }
        node = found;
    }
    drafts[node].here |= operations(permission.operation);
}

/// Finds, for each node, where a walk continues after its subtree: at the `+` beside the node; if there is none, where
/// it continues after the node's parent.
fn link(drafts: &mut [Draft<'_>]) {
    for node in 1..drafts.len() {
        let parent = &drafts[drafts[node].parent];
        drafts[node].retry = if drafts[node].label.is_some() && parent.plus != 0 {
            parent.plus
        } else {
            parent.retry
        };
    }
}

fn write(drafts: &mut [Draft<'_>], roots: [usize; 2]) -> Trie {
    let mut end = 1;
    let mut places = vec![0];
    for draft in drafts.iter().skip(1) {
        places.push(end as u32);
        end += draft.words();
    }
    let mut words = Vec::with_capacity(end);
    words.push(0);
    for draft in drafts.iter_mut().skip(1) {
        let label = draft.label.unwrap_or_default();
        draft.children.sort_unstable();
        words.extend([
            draft.here | draft.rest << REST_SHIFT | (label.len() as u32) << LENGTH_SHIFT,
            places[draft.plus],
            places[draft.retry],
            draft.depth,
            draft.children.len() as u32,
        ]);
        words.extend(words_of(label.as_bytes()));
        words.extend(draft.children.iter().map(|(hash, _)| *hash));
        words.extend(draft.children.iter().map(|(_, child)| places[*child]));
    }
    Trie {
        words: words.into_boxed_slice(),
        roots: roots.map(|root| places[root]),
    }
}
