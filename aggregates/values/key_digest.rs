//! What the server keeps of an API key.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Invalid, hexadecimal};

/// The keyed digest of an API key: 32 bytes, written as 64 lower-case hexadecimal digits. Without the server's key, it does not tell
/// whether a guess is right.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Takes the bytes of a digest.
    pub const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The bytes.
    pub const fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// Reads 64 hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = Invalid {
            what: "digest",
            rule: "must be 64 hexadecimal digits",
        };
        let fits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let octets: Vec<u8> = hexadecimal::octets(text).filter(|_| fits).collect();
        octets.try_into().map(Self).map_err(|_| invalid)
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal::digits(&self.0))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(..)")
    }
}

impl Serialize for KeyDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written_and_debug_does_not_show_it() {
        let digest = KeyDigest::new([0xab; 32]);
        assert_eq!(digest.to_string(), "ab".repeat(32));
        assert_eq!(KeyDigest::parse(&digest.to_string()), Ok(digest));
        assert_eq!(
            serde_json::from_value::<KeyDigest>(serde_json::json!(digest)).unwrap(),
            digest
        );
        assert!(!format!("{digest:?}").contains("ab"));
        for text in ["", "ab", &"a".repeat(63), &"g".repeat(64), &"a".repeat(66)] {
            assert!(KeyDigest::parse(text).is_err(), "{text}");
        }
    }
}
