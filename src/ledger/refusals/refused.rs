//! A refusal, as the server reports it.

use std::net::IpAddr;

use uuid::Uuid;

/// Declares the kinds of refusals, and the list of them.
macro_rules! kinds {
    ($($(#[$about:meta])* $name:ident = $text:literal;)+) => {
        /// The kind of a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RefusedKind {
            $($(#[$about])* $name,)+
        }

        impl RefusedKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The stored name. It never changes.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

kinds! {
    /// A username and a password that do not prove a user: at a login, or with HTTP Basic.
    Login = "login.refused";
    /// A password that a caller had to repeat, and typed wrongly.
    Password = "password.refused";
    /// A code of a second factor, from somebody who had proved to be the user otherwise.
    SecondFactor = "second_factor.refused";
    /// A token or another credential that is not valid, or not any more.
    Credential = "credential.refused";
    /// A request of a known caller who lacks the right to it.
    Permission = "permission.refused";
    /// Refusals that could not be kept, because the database did not answer for long and the memory for them was full.
    Lost = "refusals.lost";
}

impl RefusedKind {
    /// The kind with this stored name.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether the actor of such a refusal, if it has one, has proved who they are: by a password, or by a token that this server signed.
    /// Otherwise somebody only claims to be the actor.
    pub(super) const fn is_proven(self) -> bool {
        match self {
            Self::Permission | Self::Password | Self::SecondFactor | Self::Credential => true,
            Self::Login | Self::Lost => false,
        }
    }
}

/// What a refused request was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Object {
    /// The id of the aggregate.
    pub id: Uuid,
    /// Its type, if it is known.
    pub aggregate_type: Option<&'static str>,
}

/// A refusal that an auditor should find.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Its kind.
    pub kind: RefusedKind,
    /// A stable code that says why.
    pub reason: &'static str,
    /// The caller, or the user whom the caller claims to be. `None` if there is no such user.
    pub actor: Option<Uuid>,
    /// What the request was about.
    pub object: Option<Object>,
    /// The name as it was typed.
    pub name: Option<String>,
    /// The address from which the request came.
    pub address: Option<IpAddr>,
    /// The method of the request.
    pub method: Option<&'static str>,
    /// The path of the operation, with its parameters in braces.
    pub path: Option<String>,
    /// What the caller was told, for people.
    pub detail: Option<String>,
}
