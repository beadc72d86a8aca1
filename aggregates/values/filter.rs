//! Patterns: MQTT topic filters (MQTT 5.0 section 4.7), used both for topics and for URL paths.

use super::{Invalid, text_value};

/// The longest filter, in bytes of UTF-8: an MQTT string's two-byte length (MQTT 5.0 section 1.5.4).
pub const MAX_FILTER_BYTES: usize = 65_535;

/// A well-formed filter. `/` separates its levels. `+` stands for one level; `#` stands for all following levels and
/// for the level before it. Each must be a whole level, and `#` must be the last one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicFilter(pub(super) String);

impl TopicFilter {
    /// Reads a filter, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match broken_rule(text) {
            None => Ok(Self(text.to_owned())),
            Some(rule) => Err(Invalid {
                what: "resource",
                rule,
            }),
        }
    }

    /// Whether a text is a filter.
    pub fn is_well_formed(text: &str) -> bool {
        broken_rule(text).is_none()
    }

    /// Whether the filter has a wildcard.
    pub fn has_wildcard(&self) -> bool {
        self.0.split('/').any(|level| matches!(level, "#" | "+"))
    }
}

/// The MQTT rule that a text breaks, if it is not a filter.
fn broken_rule(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("must not be empty");
    }
    if text.len() > MAX_FILTER_BYTES {
        return Some("must be at most 65535 bytes");
    }
    if text.contains('\0') {
        return Some("must not contain NUL");
    }
    let mut levels = text.split('/').peekable();
    while let Some(level) = levels.next() {
        match level {
            "#" if levels.peek().is_some() => return Some("# must be the last level"),
            "#" | "+" => {}
            _ if level.contains(['#', '+']) => return Some("# and + must be whole levels"),
            _ => {}
        }
    }
    None
}

text_value!(TopicFilter);

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    #[test]
    fn the_examples_of_mqtt_are_read() {
        // MQTT 5.0 sections 4.7.1.2, 4.7.1.3 and 4.7.3.
        let filters = [
            "sport/tennis/player1/#",
            "sport/#",
            "#",
            "+",
            "+/tennis/#",
            "sport/+/player1",
            "/finance",
            "+/+",
            "/+",
            "/",
            "//",
            "Accounts payable",
            "$SYS/#",
            "/api/users/#",
        ];
        for filter in filters {
            assert_eq!(&*TopicFilter::parse(filter).unwrap(), filter);
        }
    }

    #[test]
    fn what_mqtt_forbids_is_refused() {
        for (filter, rule) in [
            ("", "must not be empty"),
            ("sport/tennis#", "# and + must be whole levels"),
            ("sport+", "# and + must be whole levels"),
            ("sport/++/x", "# and + must be whole levels"),
            ("sport/+#", "# and + must be whole levels"),
            ("sport/tennis/#/ranking", "# must be the last level"),
            ("#/", "# must be the last level"),
            ("a\0b", "must not contain NUL"),
        ] {
            assert_eq!(
                TopicFilter::parse(filter),
                Err(Invalid {
                    what: "resource",
                    rule
                }),
                "{filter:?}"
            );
        }
    }

    #[test]
    fn a_filter_fits_an_mqtt_string() {
        assert!(TopicFilter::parse(&"x".repeat(MAX_FILTER_BYTES)).is_ok());
        assert!(TopicFilter::parse(&"x".repeat(MAX_FILTER_BYTES + 1)).is_err());
        assert!(TopicFilter::parse(&"é".repeat(MAX_FILTER_BYTES / 2 + 1)).is_err());
    }

    #[test]
    fn json_is_checked_too() {
        assert!(serde_json::from_str::<TopicFilter>(r#""a/#""#).is_ok());
        assert!(serde_json::from_str::<TopicFilter>(r##""a#""##).is_err());
    }

    proptest! {
        #[test]
        fn levels_make_a_filter(
            levels in vec(select(vec!["", "a", "+", "$b", " "]), 1..8),
            rest in any::<bool>(),
        ) {
            let mut text = levels.join("/");
            if rest {
                text.push_str("/#");
            }
            prop_assume!(!text.is_empty());
            let filter = TopicFilter::parse(&text).unwrap();
            prop_assert_eq!(filter.has_wildcard(), rest || levels.contains(&"+"));
            prop_assert_eq!(filter.to_string().parse(), Ok(filter));
        }

        #[test]
        fn a_filter_read_obeys_every_rule(text in "[a/+#\0]{0,8}") {
            if let Ok(filter) = TopicFilter::parse(&text) {
                prop_assert_eq!(&*filter, text.as_str());
                let levels: Vec<&str> = text.split('/').collect();
                prop_assert!(!text.is_empty() && !text.contains('\0'));
                prop_assert!(levels.iter().all(|level| level.len() == 1 || !level.contains(['+', '#'])));
                prop_assert!(!levels[..levels.len() - 1].contains(&"#"));
            }
        }
    }
}
