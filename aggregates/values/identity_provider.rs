//! Identity providers: where a user's password is kept.

use serde::{Deserialize, Serialize};

use super::Invalid;

/// The provider that keeps a user's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum IdentityProvider {
    /// This server.
    #[serde(rename = "local")]
    Local,
    /// An LDAP directory.
    #[serde(rename = "ldap")]
    Ldap,
    /// Microsoft Entra ID.
    #[serde(rename = "msEntraId")]
    MsEntraId,
}

impl IdentityProvider {
    /// As written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Ldap => "ldap",
            Self::MsEntraId => "msEntraId",
        }
    }

    /// Reads the wire form; both spellings of Entra occur in clients (contracts/connectware.md section 1).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "local" => Ok(Self::Local),
            "ldap" => Ok(Self::Ldap),
            "msEntraId" | "msentraid" => Ok(Self::MsEntraId),
            _ => Err(Invalid {
                what: "identityProvider",
                rule: "must be local, ldap or msEntraId",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{IdentityProvider::*, *};

    #[test]
    fn the_wire_form_is_read_as_it_is_written() {
        for provider in [Local, Ldap, MsEntraId] {
            assert_eq!(IdentityProvider::parse(provider.as_str()), Ok(provider));
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.as_str());
        }
    }

    #[test]
    fn both_spellings_of_entra_are_read_and_nothing_else() {
        assert_eq!(IdentityProvider::parse("msentraid"), Ok(MsEntraId));
        for text in ["", "Local", "LDAP", "entra"] {
            assert!(IdentityProvider::parse(text).is_err(), "{text:?}");
        }
    }
}
