//! How a user may prove who they are (contracts/connectware.md section 1, "grantTypes").

use serde::{Deserialize, Serialize};

use super::Invalid;

/// A way of proving who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantMethod {
    /// A username and password.
    Password,
    /// A client certificate.
    Certificate,
    /// A token issued by this server.
    Token,
}

impl GrantMethod {
    /// As written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Certificate => "certificate",
            Self::Token => "token",
        }
    }

    /// Reads the wire form.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "password" => Ok(Self::Password),
            "certificate" => Ok(Self::Certificate),
            "token" => Ok(Self::Token),
            _ => Err(Invalid {
                what: "grantTypes.method",
                rule: "must be password, certificate or token",
            }),
        }
    }
}

/// A method and whether it must be satisfied besides any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GrantType {
    /// The method.
    pub method: GrantMethod,
    /// A required method must always be satisfied; of those not required, any one is enough.
    pub is_required: bool,
}

/// Whether what was `presented` satisfies `grants`: every required method is presented, and at least one of
/// all the methods is. No methods at all means nobody gets in.
pub fn satisfied(grants: &[GrantType], presented: &[GrantMethod]) -> bool {
    grants
        .iter()
        .all(|grant| !grant.is_required || presented.contains(&grant.method))
        && grants.iter().any(|grant| presented.contains(&grant.method))
}
