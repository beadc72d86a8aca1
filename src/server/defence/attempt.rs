//! How attempts to log in end.

use std::time::Duration;

use aggregates::values::UserId;

use super::{Attempt, Draw, Turn, Who};
use crate::identity::passwords::MayHash;

impl Attempt {
    /// The password was wrong. Returns how long the answer must wait.
    #[must_use = "the answer must wait"]
    pub(crate) fn failed(mut self) -> Duration {
        self.is_open = false;
        self.count()
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
