//! How attempts to log in end.

use std::time::Duration;

use aggregates::values::UserId;

use super::{Draw, Patience, Turn, Who};
use crate::identity::passwords::MayHash;

/// An attempt that has its turn. Dropping it lets the next one have the turn. If the client hangs up before the password is compared,
/// this counts as a failure: else hanging up would hide how much somebody asks.
pub(crate) struct Attempt {
    pub(super) who: Who,
    pub(super) mark: u8,
    pub(super) is_known: bool,
    /// Whether nobody has said yet how it ended.
    pub(super) is_open: bool,
    /// Whether it was in the queue.
    pub(super) has_waited: bool,
    pub(super) patience: Patience,
    pub(super) turn: Turn,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.is_open {
            self.count();
        }
    }
}

impl Attempt {
    /// The password was wrong. Returns how long the answer must wait.
    #[must_use = "the answer must wait"]
    pub(crate) fn failed(mut self) -> Duration {
        self.is_open = false;
        self.count()
    }

    /// Takes the bounds of the time until the answer. A device no longer counts as waiting when they are dropped.
    pub(crate) fn take_patience(&mut self) -> Patience {
        std::mem::replace(&mut self.patience, Patience::of_client())
    }

    /// The password could not be compared.
    pub(crate) fn spoilt(mut self) {
        self.is_open = false;
    }

    /// The permission to hash and to compare passwords during this attempt.
    pub(crate) fn may_hash(&self) -> MayHash<'_> {
        self.turn.may_hash()
    }

    /// The password was that of this user. The turn is not over before it is dropped.
    #[must_use = "the turn lasts until it is dropped"]
    pub(crate) fn succeeded(mut self, user: UserId) -> Turn {
        self.is_open = false;
        let turn = std::mem::replace(&mut self.turn, Turn(None));
        let Some((inner, _)) = &turn.0 else {
            return turn;
        };
        let who = Who {
            name: inner.name_of(user),
            ..self.who
        };
        let second = inner.clock.now().seconds();
        let mut draw = Draw::from(inner.entropy.as_ref());
        inner.state().known.learn(who, Some(self.mark), second, &mut draw);
        turn
    }

    /// Counts a wrong password.
    pub(super) fn count(&self) -> Duration {
        let Some((inner, _)) = &self.turn.0 else {
            return Duration::ZERO;
        };
        let now = inner.clock.elapsed();
        let mut draw = Draw::from(inner.entropy.as_ref());
        let mut state = inner.state();
        state.failures.count(self.who, self.is_known, now, &mut draw)
    }
}
