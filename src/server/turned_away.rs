//! How often the log speaks of requests that strangers can cause. They can cause many, so it has few lines about them.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Requests of one kind, which have one line a minute together.
#[derive(Default)]
pub(crate) struct TurnedAway {
    count: AtomicU64,
    /// The second of the process from which on the next line may be written.
    next_line: AtomicU64,
}

impl TurnedAway {
    /// Counts a request. Returns how many there were since the last line, if it is time for another.
    pub(crate) fn count(&self, now: Duration) -> Option<u64> {
        self.count.fetch_add(1, Ordering::Relaxed);
        let seconds = now.as_secs();
        let is_time = |next: u64| (seconds >= next).then_some(seconds + 60);
        self.next_line
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_time)
            .is_ok()
            .then(|| self.count.swap(0, Ordering::Relaxed))
    }
}

/// How many texts have lines of their own.
const MOST: usize = 1_024;

/// Requests by a text that they share: a route of the document, or the reason of their refusal. Each text has one line a minute.
#[derive(Default)]
pub(crate) struct ByText(Mutex<BTreeMap<String, TurnedAway>>);

impl ByText {
    /// Counts a request with this text. Returns how many there were since the text's last line, if it is time for another.
    pub(crate) fn count(&self, text: &str, now: Duration) -> Option<u64> {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = texts.get(text) {
            return known.count(now);
        }
        // A text that comes too late shares its lines with others.
        let text = if texts.len() < MOST { text } else { "" };
        texts.entry(text.to_owned()).or_default().count(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_line_a_minute_with_the_number_of_its_requests() {
        let routes = ByText::default();
        let count = |route, seconds| routes.count(route, Duration::from_secs(seconds));
        assert_eq!(count("/a", 5), Some(1));
        assert_eq!(count("/b", 5), Some(1));
        assert_eq!([count("/a", 6), count("/a", 64)], [None, None]);
        assert_eq!(count("/a", 65), Some(3));
        assert_eq!(count("/b", 400), Some(1));
        for number in 0..2 * MOST {
            routes.count(&number.to_string(), Duration::from_secs(400));
        }
        assert!(routes.0.lock().unwrap().len() <= MOST + 1);
        assert!(count("/of many", 460).is_some_and(|requests| requests > 1));
    }
}
