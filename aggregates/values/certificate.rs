//! Certificates as users hold them: by fingerprint.

use serde::{Deserialize, Serialize};

use super::{Invalid, Timestamp, text_value};

/// The SHA-256 (or SHA-1) of a certificate's DER form: hexadecimal digits, kept in lower case without
/// separators. Colons between octets, as openssl prints them, are accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Reads a fingerprint, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let digits: String = text
            .chars()
            .filter(|c| *c != ':')
            .collect::<String>()
            .to_ascii_lowercase();
        let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
        if !hexadecimal || !matches!(digits.len(), 40 | 64) {
            return Err(Invalid {
                what: "fingerprint",
                rule: "must be a SHA-256 or SHA-1 digest in hexadecimal (64 or 40 digits, colons allowed)",
            });
        }
        Ok(Self(digits))
    }
}

text_value!(Fingerprint);

/// A certificate a user may present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Which certificate.
    pub fingerprint: Fingerprint,
    /// When it was issued, or else when it was added.
    pub created_at: Timestamp,
    /// When it ends, if known.
    pub expires_at: Option<Timestamp>,
}
