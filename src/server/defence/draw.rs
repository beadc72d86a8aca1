//! Lots.

use ledger::ids::Entropy;

/// Draws numbers.
pub(super) struct Draw<'a>(&'a dyn Entropy);

impl<'a> Draw<'a> {
    pub(super) fn from(entropy: &'a dyn Entropy) -> Self {
        Self(entropy)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        // The remainder is not quite even. With so few numbers, nobody can notice it.
        u64::from_le_bytes(bytes).checked_rem(end as u64).unwrap_or(0) as usize
    }
}
