//! How many mails a user gets.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aggregates::values::{Timestamp, UserId};

/// How many mails a user gets in an hour.
const MOST: u32 = 3;
/// The length of an hour, in seconds.
const HOUR: i64 = 3600;

/// Counts the mails of the present hour. The users who get mails have accounts, so there are not more counts than accounts.
#[derive(Debug, Default)]
pub(crate) struct Mailed(Mutex<(i64, HashMap<UserId, u32>)>);

impl Mailed {
    /// Whether the user gets another mail. If so, it counts.
    pub(crate) fn admit(&self, user: UserId, now: Timestamp) -> bool {
        let hour = now.seconds().div_euclid(HOUR);
        let mut present = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if present.0 != hour {
            *present = (hour, HashMap::new());
        }
        let count = present.1.entry(user).or_default();
        *count += 1;
        *count <= MOST
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_user_gets_few_mails_in_an_hour() {
        let mailed = Mailed::default();
        let (one, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let at = |second: i64| Timestamp::from_micros(second * 1_000_000);
        let admitted = (0..5).map(|second| mailed.admit(one, at(second)));
        assert_eq!(admitted.filter(|admitted| *admitted).count(), 3);
        assert!(mailed.admit(other, at(5)));
        assert!(mailed.admit(one, at(HOUR)));
    }
}
