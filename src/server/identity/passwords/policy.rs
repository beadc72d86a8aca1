//! The password policy (contracts/connectware.md section 1): how many characters of each kind a password needs.

use aggregates::text::{MAX_PASSWORD_BYTES, NotOpaque};
use serde::Deserialize;

use crate::identity::Password;

/// Minimum counts. 0 switches a rule off. The kinds of characters are those of Unicode, not of ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordPolicy {
    /// Characters in all.
    pub min: u16,
    /// Lower-case letters.
    pub lower: u16,
    /// Upper-case letters.
    pub upper: u16,
    /// Digits and other numeric characters.
    pub numeric: u16,
    /// Characters that are neither letters nor numeric nor white space nor control.
    pub symbol: u16,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min: 5,
            lower: 0,
            upper: 0,
            numeric: 0,
            symbol: 0,
        }
    }
}

/// Which rule a password breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyViolation {
    /// Too few characters in all.
    #[error("the password must have at least {0} characters")]
    TooShort(u16),
    /// Too few lower-case letters.
    #[error("the password must have at least {0} lower-case letters")]
    Lower(u16),
    /// Too few upper-case letters.
    #[error("the password must have at least {0} upper-case letters")]
    Upper(u16),
    /// Too few numeric characters.
    #[error("the password must have at least {0} numeric characters")]
    Numeric(u16),
    /// Too few symbols.
    #[error("the password must have at least {0} symbols")]
    Symbol(u16),
    /// The text is no password, whatever the policy.
    #[error(transparent)]
    NotOpaque(#[from] NotOpaque),
}

impl PasswordPolicy {
    /// Reads the JSON of the settings, e.g. `{"min":8,"numeric":1}`. Absent rules keep their default.
    pub fn parse(json: &str) -> Result<Self, String> {
        // serde would also read a struct from an array.
        if !json.trim_start().starts_with('{') {
            return Err("the password policy must be a JSON object".to_owned());
        }
        let policy: Self = serde_json::from_str(json)
            .map_err(|error| format!("the password policy must be like {{\"min\":5,\"lower\":0,\"upper\":0,\"numeric\":0,\"symbol\":0}}: {error}"))?;
        let kinds = [policy.lower, policy.upper, policy.numeric, policy.symbol];
        let least = kinds
            .iter()
            .map(|count| usize::from(*count))
            .sum::<usize>()
            .max(usize::from(policy.min));
        if least > MAX_PASSWORD_BYTES {
            return Err(format!(
                "the password policy asks for more than {MAX_PASSWORD_BYTES} characters"
            ));
        }
        Ok(policy)
    }

    /// The password that a text stands for, if it satisfies the policy.
    pub fn accept(&self, typed: &str) -> Result<Password, PolicyViolation> {
        let password = Password::of(typed)?;
        self.check(password.as_str())?;
        Ok(password)
    }

    fn check(&self, password: &str) -> Result<(), PolicyViolation> {
        let count = |kind: fn(char) -> bool| password.chars().filter(|c| kind(*c)).count();
        let symbol = |c: char| !c.is_alphabetic() && !c.is_numeric() && !c.is_whitespace() && !c.is_control();
        let rules: [(u16, usize, PolicyViolation); 5] = [
            (
                self.min,
                password.chars().count(),
                PolicyViolation::TooShort(self.min),
            ),
            (
                self.lower,
                count(char::is_lowercase),
                PolicyViolation::Lower(self.lower),
            ),
            (
                self.upper,
                count(char::is_uppercase),
                PolicyViolation::Upper(self.upper),
            ),
            (
                self.numeric,
                count(char::is_numeric),
                PolicyViolation::Numeric(self.numeric),
            ),
            (self.symbol, count(symbol), PolicyViolation::Symbol(self.symbol)),
        ];
        match rules
            .into_iter()
            .find(|(wanted, found, _)| *found < usize::from(*wanted))
        {
            Some((_, _, violation)) => Err(violation),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_asks_for_five_characters() {
        let policy = PasswordPolicy::default();
        assert_eq!(policy.check("1234"), Err(PolicyViolation::TooShort(5)));
        assert_eq!(policy.check("äöüßé"), Ok(()));
    }

    #[test]
    fn each_rule_counts_its_kind() {
        let policy =
            PasswordPolicy::parse(r#"{"min":4,"lower":1,"upper":1,"numeric":1,"symbol":1}"#).unwrap();
        assert_eq!(policy.check("AA1!"), Err(PolicyViolation::Lower(1)));
        assert_eq!(policy.check("aa1!"), Err(PolicyViolation::Upper(1)));
        assert_eq!(policy.check("aAa!"), Err(PolicyViolation::Numeric(1)));
        assert_eq!(policy.check("aA1 "), Err(PolicyViolation::Symbol(1)));
        assert_eq!(policy.check("жЖ१€"), Ok(()), "kinds are Unicode's");
    }

    #[test]
    fn a_policy_that_makes_no_sense_is_refused() {
        for bad in [
            "",
            "5",
            "{\"min\":\"x\"}",
            "{\"min\":-1}",
            "{\"max\":5}",
            "{\"min\":60000}",
            "[]",
        ] {
            assert!(PasswordPolicy::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(PasswordPolicy::parse("{}"), Ok(PasswordPolicy::default()));
    }

    #[test]
    fn the_password_counts_and_not_how_it_is_typed() {
        let policy = PasswordPolicy::default();
        let decomposed = "e\u{301}".repeat(4);
        assert_eq!(policy.accept(&decomposed), Err(PolicyViolation::TooShort(5)));
        assert_eq!(policy.accept("pa\u{308}ss"), Err(PolicyViolation::TooShort(5)));
        assert_eq!(policy.accept("pa\u{308}ssw"), policy.accept("pässw"));
    }

    #[test]
    fn what_is_no_password_is_refused_under_every_policy() {
        let policy = PasswordPolicy::parse(r#"{"min":0}"#).unwrap();
        for typed in ["", "a\tb", "ab\u{200b}", "a\0b"] {
            assert!(
                matches!(policy.accept(typed), Err(PolicyViolation::NotOpaque(_))),
                "{typed:?}"
            );
        }
        assert!(policy.accept("x").is_ok());
    }

    #[test]
    fn nobody_needs_a_kilobyte() {
        assert_eq!(
            PasswordPolicy::default().accept(&"x".repeat(1_025)),
            Err(PolicyViolation::NotOpaque(NotOpaque::TooLong))
        );
    }
}
