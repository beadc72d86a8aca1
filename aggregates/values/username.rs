//! Usernames.

use super::{Invalid, text_value};

/// A name a user logs in by: 3 to 255 characters without white space, control characters or `:` (which
/// HTTP Basic cannot carry, RFC 7617 section 2). Upper and lower case are different names.
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
        Ok(Self(text.to_owned()))
    }
}

text_value!(Username);
