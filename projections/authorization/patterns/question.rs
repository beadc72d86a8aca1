//! The question that a check asks the grants of a holder.

use aggregates::values::{Context, Operation};

use super::{levels, scan::Signature};

/// A set of operations: bit 0 for read, bit 1 for write.
pub(crate) type Operations = u32;

/// The set of operations in an operation.
#[inline]
pub(crate) const fn operations(operation: Operation) -> Operations {
    match operation {
        Operation::Read => 0b01,
        Operation::Write => 0b10,
        Operation::ReadWrite => 0b11,
    }
}

/// A topic, a path, or a filter that must be covered completely.
pub(crate) struct Question<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) context: Context,
    /// Whether the text is a filter.
    pub(crate) filter: bool,
    /// Patterns that start with a wildcard do not apply (MQTT 5.0 section 4.7.2).
    pub(crate) reserved: bool,
    pub(crate) signature: Signature,
}

impl<'a> Question<'a> {
    /// A question about a topic or a path; `None` if the text can be neither.
    #[inline]
    pub(crate) fn resource(context: Context, resource: &'a str) -> Option<Self> {
        let mqtt = context == Context::Mqtt;
        // A topic has no wildcard (MQTT 5.0 section 4.7.1): this is a filter that took the wrong way.
        if mqtt
            && resource
                .bytes()
                .fold(false, |found, byte| found | (byte == b'+') | (byte == b'#'))
        {
            return None;
        }
        Some(Self::new(context, resource, false))
    }

    /// A question about all topics that a filter matches.
    #[inline]
    pub(crate) fn filter(filter: &'a str) -> Self {
        Self::pattern(Context::Mqtt, filter)
    }

    /// A question about everything that a pattern matches in a context.
    #[inline]
    pub(crate) fn pattern(context: Context, pattern: &'a str) -> Self {
        Self::new(context, pattern, true)
    }

    #[inline]
    fn new(context: Context, text: &'a str, filter: bool) -> Self {
        let reserved = context == Context::Mqtt && text.starts_with('$');
        let text = text.as_bytes();
        Self {
            text,
            context,
            filter,
            reserved,
            signature: Signature::of(text, filter),
        }
    }

    /// Whether a pattern matches the topic or path, or covers the filter.
    ///
    /// This walks along both texts until they differ or the pattern has a wildcard. A wildcard is always a whole level,
    /// so at this place a level starts in both texts.
    pub(crate) fn is_covered_by(&self, mut pattern: &[u8]) -> bool {
        if self.reserved && matches!(pattern.first(), Some(b'+' | b'#')) {
            return false;
        }
        let mut asked = self.text;
        loop {
            let same = literal_prefix(pattern, asked);
            pattern = pattern.get(same..).unwrap_or_default();
            asked = asked.get(same..).unwrap_or_default();
            match (pattern, asked) {
                ([b'#', ..], _) | (b"/#", []) | ([], []) => return true,
                ([b'+', ..], [b'#', ..]) if self.filter => return false,
                ([b'+', rest @ ..], _) => {
                    pattern = rest;
                    asked = asked.get(levels::read(asked, 0).length()..).unwrap_or_default();
                }
                _ => return false,
            }
        }
    }
}

/// How many bytes are equal in both texts, up to the first wildcard of the pattern.
#[inline]
fn literal_prefix(pattern: &[u8], asked: &[u8]) -> usize {
    let most = pattern.len().min(asked.len());
    let mut at = 0;
    while at < most {
        let (wanted, found) = (levels::word(pattern, at), levels::word(asked, at));
        let same = (wanted ^ found)
            .trailing_zeros()
            .min(levels::first_wildcard(wanted)) as usize
            / 8;
        at += same;
        if same < 8 {
            break;
        }
    }
    at.min(most)
}
