//! How many mails an address gets.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aggregates::values::{Email, Timestamp};

/// How many mails an address gets in an hour, whoever asks for them.
const MOST: u32 = 3;
/// How many addresses are counted one by one in an hour. All further ones get no mail.
const MOST_ADDRESSES: usize = 100_000;
/// The length of an hour, in seconds.
const HOUR: i64 = 3600;

/// Counts the mails of the present hour, by the address in lower case.
#[derive(Debug, Default)]
pub(crate) struct Mailed(Mutex<(i64, HashMap<String, u32>)>);

impl Mailed {
    /// Whether the address gets another mail. If so, it counts.
    pub(crate) fn admit(&self, email: &Email, now: Timestamp) -> bool {
        let hour = now.seconds().div_euclid(HOUR);
        let mut present = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if present.0 != hour {
            *present = (hour, HashMap::new());
        }
        let address = email.to_lowercase();
        if present.1.len() >= MOST_ADDRESSES && !present.1.contains_key(&address) {
            return false;
        }
        let count = present.1.entry(address).or_default();
        let admitted = *count < MOST;
        *count += u32::from(admitted);
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    #[test]
    fn an_address_gets_few_mails_in_an_hour() {
        let mailed = Mailed::default();
        let spellings = ["ada@example.org", "Ada@example.org", "ADA@EXAMPLE.ORG"];
        let admitted = (0..5).zip(spellings.iter().cycle());
        let admitted = admitted.filter(|(second, text)| mailed.admit(&email(text), at(*second)));
        assert_eq!(admitted.count(), 3);
        assert!(mailed.admit(&email("bob@example.org"), at(5)));
        assert!(mailed.admit(&email("ada@example.org"), at(HOUR)));
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let mailed = Mailed::default();
        for number in 0..MOST_ADDRESSES {
            assert!(mailed.admit(&email(&format!("u{number}@example.org")), at(0)));
        }
        assert!(!mailed.admit(&email("one.more@example.org"), at(0)));
        assert!(mailed.admit(&email("u0@example.org"), at(0)));
        assert!(mailed.admit(&email("one.more@example.org"), at(HOUR)));
    }
}
