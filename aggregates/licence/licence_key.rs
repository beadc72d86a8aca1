//! Licence keys.

use crate::values::{Invalid, text_value};

/// The characters of a drawn key: digits and letters, without those that look like others (Crockford's base 32).
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many characters of a drawn key stand between hyphens.
const GROUP: usize = 5;
/// How many characters a drawn key has besides the hyphens: 125 bits.
const DRAWN: usize = 25;

/// The key of a licence: 4 to 64 ASCII letters, digits, `.`, `_` and `-`. Two licences cannot have keys that differ only in case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LicenceKey(String);

impl LicenceKey {
    /// How many characters the longest key has.
    pub const LONGEST: usize = 64;

    /// Reads a key, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if !(4..=Self::LONGEST).contains(&text.len()) || !text.bytes().all(is_allowed) {
            return Err(Invalid {
                what: "license key",
                rule: "must be 4 to 64 ASCII letters, digits, dots, underscores and hyphens",
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// The key that these random bytes make.
    pub fn drawn(random: [u8; 16]) -> Self {
        let mut number = u128::from_be_bytes(random);
        let mut key = String::with_capacity(DRAWN + DRAWN / GROUP);
        for place in 0..DRAWN {
            if place > 0 && place.is_multiple_of(GROUP) {
                key.push('-');
            }
            let digit = usize::try_from(number % 32).unwrap_or_default();
            key.extend(DIGITS.get(digit).copied().map(char::from));
            number /= 32;
        }
        Self(key)
    }
}

text_value!(LicenceKey);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_short_plain_texts() {
        for key in ["ABCD", "abc-1", "A.B_C-9", &"7".repeat(64)] {
            assert_eq!(&*LicenceKey::parse(key).unwrap(), key);
        }
        for key in ["", "ABC", "AB CD", "ABCD\n", "ABCÆ", "AB%CD", &"7".repeat(65)] {
            assert!(LicenceKey::parse(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn a_drawn_key_has_five_groups() {
        assert_eq!(&*LicenceKey::drawn([0; 16]), "00000-00000-00000-00000-00000");
        assert_eq!(&*LicenceKey::drawn([0xff; 16]), "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ");
    }

    proptest! {
        #[test]
        fn other_bytes_are_another_key(one in any::<[u8; 16]>(), other in any::<[u8; 16]>()) {
            // The highest three bits do not count.
            let number = |bytes| u128::from_be_bytes(bytes) << 3;
            let keys = (LicenceKey::drawn(one), LicenceKey::drawn(other));
            prop_assert_eq!(keys.0 == keys.1, number(one) == number(other));
            prop_assert_eq!(LicenceKey::parse(&keys.0), Ok(keys.0.clone()));
        }
    }
}
