//! Patterns: MQTT topic filters (MQTT 5.0 section 4.7), used for topics and for URL paths alike.

use super::{Invalid, text_value};

/// The longest filter, in bytes of UTF-8: an MQTT string's two-byte length (MQTT 5.0 section 1.5.4).
pub const MAX_FILTER_BYTES: usize = 65_535;

/// A well-formed filter: levels split by `/`; `+` stands for one level, `#` for the rest and its parent;
/// both only as whole levels, `#` only as the last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilter(pub(super) String);

impl TopicFilter {
    /// Reads a filter, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fail = |rule| {
            Err(Invalid {
                what: "resource",
                rule,
            })
        };
        if text.is_empty() {
            return fail("must not be empty");
        }
        if text.len() > MAX_FILTER_BYTES {
            return fail("must be at most 65535 bytes");
        }
        if text.contains('\0') {
            return fail("must not contain NUL");
        }
        let mut levels = text.split('/').peekable();
        while let Some(level) = levels.next() {
            match level {
                "#" if levels.peek().is_some() => return fail("# must be the last level"),
                "#" | "+" => {}
                _ if level.contains(['#', '+']) => return fail("# and + must be whole levels"),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether the filter has a wildcard.
    pub fn has_wildcard(&self) -> bool {
        self.0.split('/').any(|level| matches!(level, "#" | "+"))
    }
}

text_value!(TopicFilter);
