//! Password hashes: what the server keeps of a password.

use serde::{Deserialize, Serialize};

/// A password's hash as a PHC string (`$argon2id$v=19$...`). `Debug` does not show it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes the PHC string that a password hasher made.
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    /// The PHC string, for a password verifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for PasswordHash {
    fn from(phc: String) -> Self {
        Self(phc)
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_not_shown_by_debug() {
        let hash = PasswordHash::new("$argon2id$c2VjcmV0");
        assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
        assert_eq!(format!("{:#?}", Some(&hash)).matches("argon2").count(), 0);
    }

    #[test]
    fn a_hash_is_a_plain_text_in_json() {
        let hash: PasswordHash = serde_json::from_str(r#""$argon2id$x""#).unwrap();
        assert_eq!(hash.as_str(), "$argon2id$x");
        assert_eq!(serde_json::to_string(&hash).unwrap(), r#""$argon2id$x""#);
        assert_eq!(hash, PasswordHash::from("$argon2id$x".to_owned()));
    }
}
