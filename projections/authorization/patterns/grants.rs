//! The compiled grants of a holder: a role, or a user with permissions of their own.

use super::{
    compile,
    permissions::Permissions,
    question::{Operations, Question},
    scan::Scan,
    trie::Trie,
};

/// Up to this many patterns, comparing one after the other is faster. For more, the cost limit of the tree matters
/// more.
const FEW: usize = 48;

/// What a holder grants, in the form that answers fastest.
#[derive(Clone, Debug)]
pub(crate) enum Grants {
    /// Few patterns.
    Few(Scan),
    /// Many.
    Many(Trie),
}

impl Default for Grants {
    fn default() -> Self {
        Self::Few(Scan::default())
    }
}

impl Grants {
    /// Compiles permissions.
    pub(crate) fn of(permissions: &Permissions) -> Self {
        let permissions = permissions.as_slice();
        if permissions.len() <= FEW {
            Self::Few(Scan::of(permissions))
        } else {
            Self::Many(compile::compile(permissions))
        }
    }

    /// The `wanted` operations that are granted, most likely by the pattern at this place.
    #[inline]
    pub(crate) fn granted_by(
        &self,
        at: Option<usize>,
        question: &Question<'_>,
        wanted: Operations,
    ) -> Operations {
        if let (Self::Few(scan), Some(at)) = (self, at)
            && scan.granted_at(at, question, wanted) == wanted
        {
            return wanted;
        }
        self.granted(question, wanted)
    }

    /// The `wanted` operations that are granted.
    #[inline]
    pub(crate) fn granted(&self, question: &Question<'_>, wanted: Operations) -> Operations {
        match self {
            Self::Few(scan) => scan.granted(question, wanted),
            Self::Many(trie) => trie.granted(question, wanted),
        }
    }
}
