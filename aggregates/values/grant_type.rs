//! How a user may prove their identity (contracts/connectware.md section 1, "grantTypes").

use serde::{Deserialize, Serialize};

use super::Invalid;

/// A way to prove one's identity.
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
    /// All methods.
    pub const ALL: [Self; 3] = [Self::Password, Self::Certificate, Self::Token];

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

/// A method, and whether it is always required.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GrantType {
    /// The method.
    pub method: GrantMethod,
    /// A required method must always be presented. If no method is required, any one is enough.
    pub is_required: bool,
}

/// Whether the `presented` methods satisfy `grants`: every required method is presented, and at least one of all the
/// methods is. Without methods nobody can log in.
pub fn satisfied(grants: &[GrantType], presented: &[GrantMethod]) -> bool {
    grants
        .iter()
        .all(|grant| !grant.is_required || presented.contains(&grant.method))
        && grants.iter().any(|grant| presented.contains(&grant.method))
}

/// Whether a user with these `grants` can get a session by this method: the method is granted, and afterwards the token is enough
/// beside it.
pub fn opens_sessions(grants: &[GrantType], method: GrantMethod) -> bool {
    grants.iter().any(|grant| grant.method == method) && satisfied(grants, &[method, GrantMethod::Token])
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::{
        GrantMethod::{Certificate, Password, Token},
        *,
    };

    fn optional(method: GrantMethod) -> GrantType {
        GrantType {
            method,
            is_required: false,
        }
    }

    fn required(method: GrantMethod) -> GrantType {
        GrantType {
            method,
            is_required: true,
        }
    }

    #[test]
    fn the_wire_form_is_read_as_it_is_written() {
        for method in [Password, Certificate, Token] {
            assert_eq!(GrantMethod::parse(method.as_str()), Ok(method));
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
        for text in ["", "Password", "passwords"] {
            assert!(GrantMethod::parse(text).is_err());
        }
    }

    #[test]
    fn of_those_not_required_any_one_is_enough() {
        let grants = [optional(Password), optional(Certificate)];
        assert!(satisfied(&grants, &[Password]));
        assert!(satisfied(&grants, &[Certificate]));
        assert!(!satisfied(&grants, &[Token]));
        assert!(!satisfied(&grants, &[]));
    }

    #[test]
    fn a_required_one_is_always_needed() {
        let grants = [optional(Password), required(Certificate)];
        assert!(!satisfied(&grants, &[Password]));
        assert!(satisfied(&grants, &[Certificate]));
        assert!(!satisfied(
            &[required(Password), required(Certificate)],
            &[Password]
        ));
    }

    #[test]
    fn without_methods_nobody_gets_in() {
        assert!(!satisfied(&[], &[Password, Certificate, Token]));
        assert!(!satisfied(&[], &[]));
    }

    proptest! {
        #[test]
        fn presenting_more_never_hurts(
            grants in vec((select(vec![Password, Certificate, Token]), any::<bool>()), 0..4),
            presented in vec(select(vec![Password, Certificate, Token]), 0..3),
            more in select(vec![Password, Certificate, Token]),
        ) {
            let grants: Vec<GrantType> =
                grants.into_iter().map(|(method, is_required)| GrantType { method, is_required }).collect();
            if satisfied(&grants, &presented) {
                prop_assert!(satisfied(&grants, &[presented, vec![more]].concat()));
            }
        }
    }
}
