//! Role names.

use super::{Invalid, text_value};

/// A role's name: 1 to 255 characters, no control characters, no white space at the ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(String);

impl RoleName {
    /// Reads a role name, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let fail = |rule| {
            Err(Invalid {
                what: "role name",
                rule,
            })
        };
        match text.chars().count() {
            0 => return fail("must not be empty"),
            1..=255 => {}
            _ => return fail("must be at most 255 characters"),
        }
        if text.chars().any(char::is_control) {
            return fail("must not contain control characters");
        }
        if text.trim() != text {
            return fail("must not start or end with white space");
        }
        Ok(Self(text.to_owned()))
    }
}

text_value!(RoleName);

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

    proptest! {
        #[test]
        fn a_name_is_read_as_it_is_written(text in any::<String>()) {
            if let Ok(name) = RoleName::parse(&text) {
                prop_assert_eq!(&*name, text.as_str());
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }
}
