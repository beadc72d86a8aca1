//! Usernames.

use super::{Invalid, text_value};
use crate::{sealing::ERASED, text};

/// A name by which a user logs in, in its spelling ([`text::spelling`]): 3 to 255 characters that RFC 8265 allows in usernames, except
/// format characters, joiners, `:` (which HTTP Basic cannot carry, RFC 7617 section 2) and a dot at the end. A name keeps its upper
/// and lower case, but two users cannot have names that differ only in case ([`text::alike`]). Names of older users may break these
/// rules.
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
        let name = text::spelling(text);
        match name.chars().count() {
            0..=2 => return fail("must be at least 3 characters"),
            3..=255 => {}
            _ => return fail("must be at most 255 characters"),
        }
        if name
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == ':')
        {
            return fail("must not contain white space, control characters or a colon");
        }
        if name == ERASED {
            return fail("must not be the text that stands for an erased name");
        }
        match text::broken_rule(&name) {
            Some(rule) => fail(rule),
            None => Ok(Self(name.into_owned())),
        }
    }

    /// The name that takes the place of the present one, if it is another one. The present name may stay, even if it breaks a rule.
    pub fn another(present: &str, typed: &str) -> Result<Option<Self>, Invalid> {
        super::another(present, typed, Self::parse)
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
    fn a_name_is_kept_in_its_spelling() {
        for (typed, kept) in [
            ("wa\u{308}rter", "wärter"),
            ("ａｄａ", "ada"),
            ("ada．l", "ada.l"),
        ] {
            assert_eq!(&*Username::parse(typed).unwrap(), kept);
        }
    }

    #[test]
    fn names_of_every_script_are_read() {
        for name in [
            "жанна",
            "Παύλος",
            "山田太郎",
            "김철수",
            "سارة",
            "אדה1",
            "Næstved",
            "Łukasz",
            "l·lada",
            "ada_l+x-y@[1]",
        ] {
            assert_eq!(&*Username::parse(name).unwrap(), name);
        }
    }

    #[test]
    fn a_name_that_could_be_taken_for_another_is_refused() {
        for (name, rule) in [
            (
                "ada\u{200b}",
                "must not contain invisible characters or characters that format text",
            ),
            (
                "a\u{ad}da",
                "must not contain invisible characters or characters that format text",
            ),
            (
                "\u{202e}ada",
                "must not contain invisible characters or characters that format text",
            ),
            (
                "\u{915}\u{94d}\u{200d}\u{937}",
                "must not contain invisible characters or characters that format text",
            ),
            (
                "ada\u{fe0f}",
                "must not contain invisible characters or characters that format text",
            ),
            (
                "ada\u{e0041}",
                "must not contain invisible characters or characters that format text",
            ),
            ("ada☃", "must consist of letters, digits and ASCII characters"),
            ("ﬁtter", "must consist of letters, digits and ASCII characters"),
            ("ada①", "must consist of letters, digits and ASCII characters"),
            (
                "ada\u{378}",
                "must consist of letters, digits and ASCII characters",
            ),
            (
                "a·da",
                "contains a character that may stand only between certain letters",
            ),
            ("אדהada", "must not mix left-to-right and right-to-left text"),
            ("ada.", "must not end with a dot"),
            ("ada．", "must not end with a dot"),
            ("system", "is reserved"),
            ("SYSTEM", "is reserved"),
            ("аdmin", "must not mix letters of different scripts"),
            (
                "рауса",
                "must not look like a name that consists of ASCII characters",
            ),
            (
                "admın",
                "must not look like a name that consists of ASCII characters",
            ),
        ] {
            assert_eq!(Username::parse(name).unwrap_err().rule, rule, "{name:?}");
        }
    }

    #[test]
    fn an_erased_name_is_no_name_of_a_user() {
        assert!(Username::parse(ERASED).is_err());
    }

    proptest! {
        #[test]
        fn a_name_is_read_in_its_spelling(typed in "\\PC{0,8}") {
            if let Ok(name) = Username::parse(&typed) {
                prop_assert_eq!(name.to_string(), text::spelling(&typed).into_owned());
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }

        #[test]
        fn plain_ascii_names_are_read_as_they_are(typed in "[!-9;-~]{2,20}[a-z]") {
            prop_assume!(!typed.eq_ignore_ascii_case("system"));
            prop_assert_eq!(&*Username::parse(&typed).unwrap(), typed.as_str());
        }
    }
}
