//! The rule of Nx for passwords (contracts/nx.md section 3): at least eight characters of a keyboard, of two classes or more.

use std::collections::BTreeSet;

/// The least number of characters.
const LEAST: usize = 8;

/// How strong a password is by this rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// It has characters of two classes.
    Fair,
    /// It has characters of three classes or more.
    Good,
}

/// Why a password is refused by this rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is too short.
    #[error("the password must have at least {LEAST} characters")]
    Short,
    /// It has a character that is not on every keyboard, or begins or ends with a space.
    #[error(
        "the password is incorrect: it may only have Latin letters, digits and symbols of a keyboard, and no space at its beginning or end"
    )]
    Incorrect,
    /// All characters are of one class.
    #[error("the password is weak: it needs two of these: capital letters, small letters, digits, symbols")]
    Weak,
}

impl Refused {
    /// The code of a refusal.
    pub fn code(self) -> &'static str {
        match self {
            Self::Short => "password_policy",
            Self::Incorrect => "password_incorrect",
            Self::Weak => "password_weak",
        }
    }
}

/// How strong a password is, or why it is refused.
pub fn strength(typed: &str) -> Result<Strength, Refused> {
    let is_of_keyboard = |byte: u8| matches!(byte, b' '..=b'~');
    if !typed.bytes().all(is_of_keyboard) || typed.trim() != typed {
        return Err(Refused::Incorrect);
    }
    if typed.len() < LEAST {
        return Err(Refused::Short);
    }
    let classes: BTreeSet<u8> = typed.bytes().map(class).collect();
    match classes.len() {
        0 | 1 => Err(Refused::Weak),
        2 => Ok(Strength::Fair),
        _ => Ok(Strength::Good),
    }
}

fn class(byte: u8) -> u8 {
    match byte {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_classes_are_fair_and_three_are_good() {
        for typed in ["abcdefg1", "ABCDefgh", "abc defg", "!!!!1111"] {
            assert_eq!(strength(typed), Ok(Strength::Fair), "{typed}");
        }
        for typed in ["Abcdefg1", "abc def1", "Ab 1!xyz"] {
            assert_eq!(strength(typed), Ok(Strength::Good), "{typed}");
        }
    }

    #[test]
    fn others_are_refused() {
        for (typed, reason) in [
            ("", Refused::Short),
            ("Abcde1!", Refused::Short),
            ("abcdefgh", Refused::Weak),
            ("12345678", Refused::Weak),
            ("!!!!!!!!", Refused::Weak),
            (" Abcdefg1", Refused::Incorrect),
            ("Abcdefg1 ", Refused::Incorrect),
            ("Abcdéfg1", Refused::Incorrect),
            ("Abcdefg1\n", Refused::Incorrect),
            ("Abc\tdefg1", Refused::Incorrect),
            ("Пароль123", Refused::Incorrect),
        ] {
            assert_eq!(strength(typed), Err(reason), "{typed:?}");
        }
    }
}
