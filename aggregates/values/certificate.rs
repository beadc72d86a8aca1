//! Certificates that users hold, by fingerprint.

use serde::{Deserialize, Serialize};

use super::{Invalid, Timestamp, hexadecimal, text_value};

/// The SHA-256 (or SHA-1) of a certificate's DER form: hexadecimal digits, kept in lower case without
/// separators. Colons between octets, as openssl prints them, are accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Reads a fingerprint, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let octets_apart = text.split(':').all(|octet| octet.len() == 2);
        let digits = text.replace(':', "").to_ascii_lowercase();
        let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
        let well_split = octets_apart || !text.contains(':');
        if !hexadecimal || !well_split || !matches!(digits.len(), 40 | 64) {
            return Err(Invalid {
                what: "fingerprint",
                rule: "must be a SHA-256 or SHA-1 digest in hexadecimal (64 or 40 digits, colons allowed between octets)",
            });
        }
        Ok(Self(digits))
    }

    /// The fingerprint with these octets, or the rule that they break.
    pub fn from_octets(octets: &[u8]) -> Result<Self, Invalid> {
        Self::parse(&hexadecimal::digits(octets))
    }

    /// The octets: 32 of a SHA-256, 20 of a SHA-1.
    pub fn octets(&self) -> Vec<u8> {
        hexadecimal::octets(&self.0).collect()
    }
}

text_value!(Fingerprint);

/// A certificate that a user may present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The fingerprint of the certificate.
    pub fingerprint: Fingerprint,
    /// When the certificate was issued; if that is unknown, when it was added.
    pub created_at: Timestamp,
    /// When the certificate expires, if known.
    pub expires_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_lengths_and_other_characters_are_refused() {
        for text in [
            "",
            "ab",
            &"a".repeat(63),
            &"a".repeat(65),
            &"g".repeat(64),
            &"é".repeat(32),
        ] {
            assert!(Fingerprint::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn colons_stand_between_octets_only() {
        let octets = ["ab"; 20].join(":");
        assert_eq!(&*Fingerprint::parse(&octets).unwrap(), "ab".repeat(20));
        for text in [
            format!(":{octets}"),
            format!("{octets}:"),
            octets.replacen("ab:ab", "abab", 1),
        ] {
            assert!(Fingerprint::parse(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn octets_of_another_number_are_refused() {
        for number in [0, 19, 21, 31, 33] {
            assert!(Fingerprint::from_octets(&vec![7; number]).is_err(), "{number}");
        }
    }

    #[test]
    fn a_certificate_keeps_its_unknown_end() {
        let json = serde_json::json!({
            "fingerprint": "a".repeat(40),
            "created_at": "2026-01-31T12:00:00.000000Z",
            "expires_at": null,
        });
        let certificate: Certificate = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(certificate).unwrap(), json);
    }

    proptest! {
        #[test]
        fn every_way_of_writing_a_fingerprint_is_the_same(digest in prop_oneof![
            prop::collection::vec(any::<u8>(), 20),
            prop::collection::vec(any::<u8>(), 32),
        ]) {
            let plain: String = digest.iter().map(|octet| format!("{octet:02x}")).collect();
            let openssl = digest.iter().map(|octet| format!("{octet:02X}")).collect::<Vec<_>>().join(":");
            let fingerprint = Fingerprint::parse(&openssl).unwrap();
            prop_assert_eq!(&*fingerprint, plain.as_str());
            prop_assert_eq!(Fingerprint::parse(&plain.to_uppercase()).unwrap(), fingerprint.clone());
            prop_assert_eq!(fingerprint.octets(), digest);
            prop_assert_eq!(Fingerprint::from_octets(&fingerprint.octets()), Ok(fingerprint.clone()));
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = Fingerprint::parse(&text);
        }
    }
}
