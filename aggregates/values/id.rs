//! Ids of aggregates and their parts: UUIDs, told apart by type.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Invalid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Reads the hyphenated form, in either case.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                if text.len() != 36 {
                    return Err(Invalid { what: $what, rule: "must be a UUID" });
                }
                Uuid::try_parse(text).map(Self).map_err(|_| Invalid { what: $what, rule: "must be a UUID" })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A user.
    UserId, "user id");
id!(
    /// A role.
    RoleId, "role id");
id!(
    /// A permission within a role, or of a user's own.
    PermissionId, "permission id");
id!(
    /// A session, which is one issued token (the `jti` of its JWT, RFC 7519 section 4.1.7).
    SessionId, "session id");

impl RoleId {
    /// The id of `connectware-admin`, the same on every installation.
    pub const ADMINISTRATOR: Self = Self(Uuid::from_u128(0x6d756e69_6d65_4e74_8000_000000000001));
    /// The id of `minimum-access`, the same on every installation.
    pub const MINIMUM_ACCESS: Self = Self(Uuid::from_u128(0x6d756e69_6d65_4e74_8000_000000000002));
}

impl UserId {
    /// The id of the role that carries this user's own permissions in answers: not shared, automatically
    /// made (contracts/connectware.md section 1, "Role").
    pub fn own_role(self) -> RoleId {
        RoleId(Uuid::new_v5(&self.0, b"own-permissions"))
    }
}
