//! Role names.

use super::{Invalid, text_value};
use crate::text;

/// A role's name, in its spelling ([`text::spelling`]): 1 to 255 characters. Each of its words obeys the rules of a username, except
/// that it may be short and contain a colon. Single spaces separate the words. Names of older roles may break these rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(String);

impl RoleName {
    /// Reads the name of a new role, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fail = |rule| {
            Err(Invalid {
                what: "role name",
                rule,
            })
        };
        let name = text::spelling(text);
        match name.chars().count() {
            0 => return fail("must not be empty"),
            1..=255 => {}
            _ => return fail("must be at most 255 characters"),
        }
        if name.chars().any(char::is_control) {
            return fail("must not contain control characters");
        }
        if name.trim() != name {
            return fail("must not start or end with white space");
        }
        if name.contains("  ") || name.chars().any(|c| c.is_whitespace() && c != ' ') {
            return fail("must not contain white space other than single spaces");
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

    /// The name of an existing role, as it was recorded. It may break the rules for new names.
    pub fn recorded(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

text_value!(RoleName, recorded);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_read_as_they_are() {
        for name in [
            "a",
            "connectware-admin",
            "Shift leaders, line 7",
            "Wärter",
            &"é".repeat(255),
        ] {
            assert_eq!(&*RoleName::parse(name).unwrap(), name);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for name in ["", " ", " a", "a ", "a\u{a0}", "a\nb", "a\0", &"a".repeat(256)] {
            assert!(RoleName::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_name_is_kept_in_its_spelling() {
        for (typed, kept) in [("Wa\u{308}rter", "Wärter"), ("Line\u{3000}７", "Line 7")] {
            assert_eq!(&*RoleName::parse(typed).unwrap(), kept);
        }
    }

    #[test]
    fn each_word_obeys_the_rules_of_a_username() {
        for name in ["Næstved Kommune", "מנהל ראשי", "a:b", "مدير ٣", "l"] {
            assert_eq!(&*RoleName::parse(name).unwrap(), name);
        }
        for (name, rule) in [
            ("a  b", "must not contain white space other than single spaces"),
            (
                "a\u{a0}b",
                "must not contain white space other than single spaces",
            ),
            (
                "a \u{2009} b",
                "must not contain white space other than single spaces",
            ),
            (
                "a \u{200b} b",
                "must not contain invisible characters or characters that format text",
            ),
            (
                "shift – 7",
                "must consist of letters, digits and ASCII characters",
            ),
            ("line 7.", "must not end with a dot"),
            ("System", "is reserved"),
            ("line оne", "must not mix letters of different scripts"),
            (
                "со рау",
                "must not look like a name that consists of ASCII characters",
            ),
        ] {
            assert_eq!(RoleName::parse(name).unwrap_err().rule, rule, "{name:?}");
        }
    }

    #[test]
    fn a_recorded_name_stays_as_it_is() {
        for name in ["", " a", "shift – 7", "wa\u{308}rter", "system"] {
            let json = serde_json::to_string(name).unwrap();
            let read: RoleName = serde_json::from_str(&json).unwrap();
            assert_eq!(read, RoleName::recorded(name));
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
    }

    proptest! {
        #[test]
        fn a_name_is_read_in_its_spelling(typed in "\\PC{0,8}") {
            if let Ok(name) = RoleName::parse(&typed) {
                prop_assert_eq!(name.to_string(), text::spelling(&typed).into_owned());
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }
}
