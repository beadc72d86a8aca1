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
