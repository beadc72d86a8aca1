//! A password in the form in which it is hashed.

use aggregates::text::{NotOpaque, opaque};
use zeroize::Zeroizing;

/// A password in the form in which it is hashed: the same for everybody who types it, whatever the keyboard and the system
/// (RFC 8265 section 4.2). `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The password that a text stands for.
    pub fn of(typed: &str) -> Result<Self, NotOpaque> {
        let mut password = Zeroizing::new(String::new());
        opaque(typed, &mut password)?;
        Ok(Self(password))
    }

    /// The password as a text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Password;

    #[test]
    fn a_password_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", Password::of("hush").unwrap()), "Password(..)");
    }
}
