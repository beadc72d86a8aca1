//! The values that only registrations have.

use serde::{Deserialize, Serialize};

use crate::values::{Context, Invalid, Operation, PasswordHash, TopicFilter};

/// How many bytes the wishes of one device may have, written as JSON. Many registrations may be pending, and one answer lists them all.
const MOST_BYTES: usize = 8 << 10;

/// The kind of credential by which a device proves that it made a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialType {
    /// A password.
    Password,
    /// A certificate that this server issues for the device's key.
    Certificate,
}

impl CredentialType {
    /// As written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Certificate => "certificate",
        }
    }

    /// Reads the wire form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "password" => Ok(Self::Password),
            "certificate" => Ok(Self::Certificate),
            _ => Err(Invalid {
                what: "credentialType",
                rule: "must be password or certificate",
            }),
        }
    }
}

/// The credential with which a device registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceCredential {
    /// The hash of a password.
    Password(PasswordHash),
    /// A signing request for the device's key, as DER in base64. The caller has checked it.
    Csr(String),
}

impl DeviceCredential {
    /// The kind of the credential.
    pub fn kind(&self) -> CredentialType {
        match self {
            Self::Password(_) => CredentialType::Password,
            Self::Csr(_) => CredentialType::Certificate,
        }
    }
}

/// A permission for which a device asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WishedPermission {
    /// The topic or the path.
    pub resource: TopicFilter,
    /// What the device wants to do.
    pub operation: Operation,
    /// Whether the resource is a topic or a path.
    pub context: Context,
}

/// What a device asks for. The person who confirms the registration reads it, and decides what the device gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wishes {
    /// Names of roles. There may be no such roles.
    pub roles: Vec<String>,
    /// Permissions.
    pub permissions: Vec<WishedPermission>,
    /// What the device says about itself.
    pub context: Option<String>,
}

impl Wishes {
    /// The wishes as a text, or which rule they break.
    pub fn to_text(&self) -> Result<String, Invalid> {
        let text = serde_json::json!(self).to_string();
        let rule = "must be at most 8 KiB together";
        match text.len() <= MOST_BYTES {
            true => Ok(text),
            false => Err(Invalid {
                what: "roles, permissions and context",
                rule,
            }),
        }
    }

    /// Reads a text that [`Wishes::to_text`] wrote. Once the person is erased, there are no wishes.
    pub fn from_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{registration::fixtures::wishes, sealing::ERASED};

    #[test]
    fn wishes_are_read_as_they_were_written() {
        for wishes in [Wishes::default(), wishes()] {
            assert_eq!(Wishes::from_text(&wishes.to_text().unwrap()), wishes);
        }
    }

    #[test]
    fn erased_wishes_are_no_wishes() {
        assert_eq!(Wishes::from_text(ERASED), Wishes::default());
    }

    #[test]
    fn wishes_are_bounded_together() {
        let of = |bytes: usize| Wishes {
            context: Some("x".repeat(bytes)),
            ..Wishes::default()
        };
        let rest = of(0).to_text().unwrap().len();
        assert!(of(MOST_BYTES - rest).to_text().is_ok());
        assert!(of(MOST_BYTES - rest + 1).to_text().is_err());
    }

    #[test]
    fn a_kind_of_credential_is_written_as_it_is_read() {
        for kind in [CredentialType::Password, CredentialType::Certificate] {
            assert_eq!(CredentialType::parse(kind.as_str()), Ok(kind));
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
        assert!(CredentialType::parse("token").is_err());
    }

    #[test]
    fn a_credential_knows_its_kind() {
        let password = DeviceCredential::Password(PasswordHash::new("$argon2id$"));
        assert_eq!(password.kind(), CredentialType::Password);
        assert_eq!(
            DeviceCredential::Csr("AAAA".into()).kind(),
            CredentialType::Certificate
        );
    }
}
