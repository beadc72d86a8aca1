//! Certificates that this server issues: who issued them, their numbers, and why they are revoked.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{Invalid, text_value};

/// Reads octets in hexadecimal digits, in lower case.
fn digits(
    text: &str,
    what: &'static str,
    rule: &'static str,
    octets: RangeInclusive<usize>,
) -> Result<String, Invalid> {
    let digits = text.to_ascii_lowercase();
    let are_digits = digits.bytes().all(|octet| octet.is_ascii_hexdigit());
    if are_digits && digits.len().is_multiple_of(2) && octets.contains(&(digits.len() / 2)) {
        Ok(digits)
    } else {
        Err(Invalid { what, rule })
    }
}

/// The identifier of an issuer's key, in hexadecimal digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// Reads a key identifier, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let rule = "must be 1 to 64 octets in hexadecimal digits";
        digits(text, "key id", rule, 1..=64).map(Self)
    }
}

text_value!(KeyId);

/// The serial number of a certificate: 20 octets in hexadecimal digits in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber(String);

impl SerialNumber {
    /// Reads a serial number, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let rule = "must be 20 octets in hexadecimal digits";
        digits(text, "serial number", rule, 20..=20).map(Self)
    }
}

text_value!(SerialNumber);

/// Why a certificate is revoked (RFC 5280 section 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RevocationReason {
    /// No reason is given.
    Unspecified,
    /// Somebody else may have the private key.
    KeyCompromise,
    /// The name or another fact in the certificate has changed.
    AffiliationChanged,
    /// Another certificate takes its place.
    Superseded,
    /// The certificate is not needed any more.
    CessationOfOperation,
    /// The user may no longer do what the certificate was for.
    PrivilegeWithdrawn,
}

impl RevocationReason {
    /// All reasons.
    pub const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// The name, as RFC 5280 writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }

    /// Reads the name of a reason.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let reason = Self::ALL.into_iter().find(|reason| reason.as_str() == text);
        reason.ok_or(Invalid {
            what: "reason",
            rule: "must be unspecified, keyCompromise, affiliationChanged, superseded, cessationOfOperation or privilegeWithdrawn",
        })
    }
}

/// A private key as the ledger seals it: the base64 of its PKCS #8. Debug does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PrivateKey(String);

impl PrivateKey {
    /// The key with this text.
    pub fn new(base64: impl Into<String>) -> Self {
        Self(base64.into())
    }

    /// The base64 of the PKCS #8.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_kept_in_lower_case() {
        assert_eq!(&*KeyId::parse("AB01").unwrap(), "ab01");
        assert_eq!(&*SerialNumber::parse(&"Fe".repeat(20)).unwrap(), "fe".repeat(20));
        for text in ["", "a", "abc", "zz", "ab:cd", &"ab".repeat(65)] {
            assert!(KeyId::parse(text).is_err(), "{text}");
            assert!(SerialNumber::parse(text).is_err(), "{text}");
        }
        assert!(KeyId::parse(&"ab".repeat(64)).is_ok());
        assert!(SerialNumber::parse(&"ab".repeat(19)).is_err());
    }

    #[test]
    fn a_reason_has_one_name_everywhere() {
        for reason in RevocationReason::ALL {
            assert_eq!(RevocationReason::parse(reason.as_str()), Ok(reason));
            assert_eq!(serde_json::json!(reason), reason.as_str());
        }
        assert!(RevocationReason::parse("certificateHold").is_err());
    }

    #[test]
    fn a_private_key_is_not_shown_by_debug() {
        assert_eq!(format!("{:?}", PrivateKey::new("c2VjcmV0")), "PrivateKey(..)");
    }
}
