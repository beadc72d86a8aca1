//! A page of effects under construction.

use super::{Effect, Limits, PageStart};
use crate::interest::Interest;

/// A page under construction.
pub(super) struct Told<'a> {
    pub(super) effects: Vec<Effect>,
    pub(super) rights: usize,
    pub(super) most: Limits,
    /// The place of the last effect in the page.
    pub(super) place: PageStart,
    pub(super) interest: &'a Interest,
}

impl Told<'_> {
    /// Adds an effect, or returns where the next page begins.
    pub(super) fn take(&mut self, effect: Effect, place: PageStart) -> Result<(), PageStart> {
        let is_full = self.effects.len() >= self.most.effects || self.rights >= self.most.rights;
        if is_full {
            return Err(self.place);
        }
        self.rights += effect.gained.len() + effect.lost.len();
        self.effects.push(effect);
        self.place = place;
        Ok(())
    }
}
