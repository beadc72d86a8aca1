//! What the server keeps of second factors.

use serde::{Deserialize, Serialize};

/// The secret of a TOTP (RFC 6238), in base32 (RFC 4648) without padding. `Debug` does not show it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TotpSecret(String);

impl TotpSecret {
    /// Takes the base32 of a secret.
    pub fn new(base32: impl Into<String>) -> Self {
        Self(base32.into())
    }

    /// The base32, for a verifier and for the device of the user.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(..)")
    }
}

/// What the server keeps of a back-up code: a keyed digest. `Debug` does not show it.
///
/// A code has more than 80 random bits, so nobody finds it by trying, and a slow hash would only cost time. Without the key, the
/// digest does not even tell whether a guess is right.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BackupCodeHash(String);

impl BackupCodeHash {
    /// Takes the text of a digest.
    pub fn new(digest: impl Into<String>) -> Self {
        Self(digest.into())
    }
}

impl std::fmt::Debug for BackupCodeHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BackupCodeHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_secret_nor_a_digest_is_shown_by_debug() {
        let shown = format!("{:?} {:?}", TotpSecret::new("HUSH"), BackupCodeHash::new("HUSH"));
        assert!(!shown.contains("HUSH"), "{shown}");
    }

    #[test]
    fn both_are_plain_texts_in_json() {
        let secret: TotpSecret = serde_json::from_str(r#""HUSH""#).unwrap();
        assert_eq!(secret.as_str(), "HUSH");
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""HUSH""#);
        let code: BackupCodeHash = serde_json::from_str(r#""digest""#).unwrap();
        assert_eq!(code, BackupCodeHash::new("digest"));
    }
}
