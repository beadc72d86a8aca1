//! Usernames.

use super::{Invalid, text_value};
use crate::sealing::ERASED;

/// A name by which a user logs in: 3 to 255 characters, without white space, control characters or `:` (which HTTP
/// Basic cannot carry, RFC 7617 section 2). Upper and lower case are different names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(String);

impl Username {
    /// Reads a username, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fail = |rule| {
            Err(Invalid {
                what: "username",
                rule,
            })
        };
        match text.chars().count() {
            0..=2 => return fail("must be at least 3 characters"),
            3..=255 => {}
            _ => return fail("must be at most 255 characters"),
        }
        if text
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == ':')
        {
            return fail("must not contain white space, control characters or a colon");
        }
        if text == ERASED {
            return fail("must not be the text that stands for an erased name");
        }
        Ok(Self(text.to_owned()))
    }
}

text_value!(Username);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_read_as_they_are() {
        for name in [
            "ada",
            "iot.device.0123456",
            "Ada",
            "ada@example.org",
            "wärter",
            &"é".repeat(255),
        ] {
            assert_eq!(&*Username::parse(name).unwrap(), name);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in [
            "",
            "ab",
            "éé",
            "a b",
            " ada",
            "ada\u{a0}",
            "ad\ta",
            "ad\0a",
            "ada:b",
            &"a".repeat(256),
        ] {
            assert!(Username::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_rule_and_never_the_text() {
        let message = Username::parse("hush hush").unwrap_err().to_string();
        assert_eq!(
            message,
            "username: must not contain white space, control characters or a colon"
        );
    }

    #[test]
    fn an_erased_name_is_no_name_of_a_user() {
        assert!(Username::parse(ERASED).is_err());
    }

    proptest! {
        #[test]
        fn a_name_is_read_as_it_is_written(text in any::<String>()) {
            if let Ok(name) = Username::parse(&text) {
                prop_assert_eq!(&*name, text.as_str());
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }
}
