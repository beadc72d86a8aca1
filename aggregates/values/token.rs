//! What the server keeps of a token: never the token itself.

use serde::{Deserialize, Serialize};

use super::{Invalid, hexadecimal, text_value};
use crate::text::turns_text;

/// The SHA-256 of a token's text, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenFingerprint(String);

impl TokenFingerprint {
    /// Reads a fingerprint, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let digits = text.to_ascii_lowercase();
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Invalid {
                what: "token fingerprint",
                rule: "must be 64 hexadecimal digits",
            });
        }
        Ok(Self(digits))
    }

    /// The fingerprint of a digest.
    pub fn from_digest(digest: [u8; 32]) -> Self {
        Self(hexadecimal::digits(&digest))
    }

    /// The digest.
    pub fn digest(&self) -> [u8; 32] {
        let mut digest = [0; 32];
        for (byte, octet) in digest.iter_mut().zip(hexadecimal::octets(&self.0)) {
            *byte = octet;
        }
        digest
    }
}

text_value!(TokenFingerprint);

/// A note by which a user recognises a token: at most 255 characters, no control characters, and none that change the direction of the text.
/// It may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenLabel(String);

impl TokenLabel {
    /// Reads a label, or says which rule it breaks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let is_hidden = |c: char| c.is_control() || turns_text(c);
        if text.chars().count() > 255 || text.chars().any(is_hidden) {
            return Err(Invalid {
                what: "label",
                rule: "must be at most 255 characters without control characters",
            });
        }
        Ok(Self(text.to_owned()))
    }

    /// A label that the ledger has. Older versions of the program accepted characters that change the direction of the text.
    fn recorded(text: String) -> Self {
        Self(text)
    }
}

text_value!(TokenLabel, recorded);

/// The API for which a token was issued. The token is valid on no other (contracts/README.md, collision 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// The connectware face, `/api`.
    Connectware,
    /// The os2iot face, `/api/v1`.
    Os2iot,
    /// The API of Coiote IoT DM, which a proxy guards with this server.
    Coiote,
    /// The nx face, `/auth`.
    Nx,
}

impl Audience {
    /// All audiences.
    pub const ALL: [Self; 4] = [Self::Connectware, Self::Os2iot, Self::Coiote, Self::Nx];

    /// As written in the token and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connectware => "connectware",
            Self::Os2iot => "os2iot",
            Self::Coiote => "coiote",
            Self::Nx => "nx",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_sha256_is_a_token_fingerprint() {
        assert_eq!(
            &*TokenFingerprint::parse(&"AB".repeat(32)).unwrap(),
            "ab".repeat(32)
        );
        for text in [
            "",
            &"a".repeat(63),
            &"a".repeat(65),
            &"g".repeat(64),
            &"é".repeat(32),
            &["ab"; 32].join(":"),
        ] {
            assert!(TokenFingerprint::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_label_is_short_and_plain() {
        for label in ["", "laptop", " my laptop ", &"é".repeat(255)] {
            assert_eq!(&*TokenLabel::parse(label).unwrap(), label);
        }
        let turned = ["a\u{202e}b", "\u{2066}a", "a\u{200f}", "\u{61c}"];
        for label in ["a\nb", "\0", "\u{85}", &"a".repeat(256)]
            .into_iter()
            .chain(turned)
        {
            assert!(TokenLabel::parse(label).is_err(), "{label:?}");
        }
        for label in ["مكتب", "משרד 7"] {
            assert!(TokenLabel::parse(label).is_ok(), "{label:?}");
        }
        // The ledger may have labels from before this rule.
        for label in turned {
            let read: TokenLabel = serde_json::from_value(label.into()).unwrap();
            assert_eq!(&*read, label);
        }
        assert_eq!(&*TokenLabel::default(), "");
    }

    #[test]
    fn an_audience_is_written_the_same_everywhere() {
        for audience in Audience::ALL {
            assert_eq!(serde_json::to_value(audience).unwrap(), audience.as_str());
            assert_eq!(
                serde_json::from_value::<Audience>(audience.as_str().into()).unwrap(),
                audience
            );
        }
    }

    proptest! {
        #[test]
        fn a_digest_comes_back(digest in any::<[u8; 32]>()) {
            let fingerprint = TokenFingerprint::from_digest(digest);
            prop_assert_eq!(fingerprint.digest(), digest);
            prop_assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        }
    }
}
