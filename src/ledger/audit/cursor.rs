//! A place in the audit trail, from which the next page goes on.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::refusals::Below;

/// How many bytes a cursor has.
const BYTES: usize = 8 + 8 + 16;

/// A place in the audit trail. It has a place in each of the two sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Only events at positions below this one follow.
    pub(super) events: i64,
    /// Only refusals below this place follow.
    pub(super) refusals: Below,
}

impl Cursor {
    /// The place before everything, in a ledger with this head.
    pub(super) fn before(head: i64) -> Self {
        Self {
            events: head.saturating_add(1),
            refusals: Below {
                micros: i64::MAX,
                id: Uuid::max(),
            },
        }
    }

    /// The older place of each source.
    pub(super) fn at_most(self, events: i64, refusals: Below) -> Self {
        Self {
            events: self.events.min(events),
            refusals: self.refusals.min(refusals),
        }
    }

    /// The cursor as a text that clients pass back.
    pub fn to_text(self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(self.events.to_be_bytes());
        bytes.extend(self.refusals.micros.to_be_bytes());
        bytes.extend(self.refusals.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what [`Cursor::to_text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (events, rest) = bytes.split_first_chunk::<8>()?;
        let (micros, id) = rest.split_first_chunk::<8>()?;
        let (events, micros) = (i64::from_be_bytes(*events), i64::from_be_bytes(*micros));
        let id = Uuid::from_slice(id).ok()?;
        (events >= 0 && micros >= 0).then_some(Self {
            events,
            refusals: Below { micros, id },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_as_it_was_written(events in 0..=i64::MAX, micros in 0..=i64::MAX, id in any::<u128>()) {
            let cursor = Cursor { events, refusals: Below { micros, id: Uuid::from_u128(id) } };
            prop_assert_eq!(Cursor::parse(&cursor.to_text()), Some(cursor));
        }

        #[test]
        fn what_is_no_cursor_is_refused(text in "[A-Za-z0-9_-]{0,60}") {
            if let Some(cursor) = Cursor::parse(&text) {
                prop_assert_eq!(cursor.to_text(), text);
            }
        }
    }
}
