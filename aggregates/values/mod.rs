//! Values that cannot be wrong: parsing succeeds or fails, and no code checks the value again.

mod certificate;
pub mod coiote;
mod email;
mod filter;
mod grant_type;
mod hexadecimal;
mod id;
mod identity_provider;
mod issued;
mod key_digest;
mod level;
mod membership;
mod ordinal;
mod password_hash;
mod permission;
mod role_name;
mod second_factor;
mod timestamp;
mod title;
mod token;
mod username;

pub use certificate::{Certificate, Fingerprint};
pub use coiote::AccountKind;
pub use email::Email;
pub use filter::{MAX_FILTER_BYTES, TopicFilter};
pub use grant_type::{GrantMethod, GrantType, opens_sessions, satisfied};
pub use id::{
    AgreementId, AuthorityId, CertifiedKeyId, DeviceId, LicenceId, RegistrationId, RoleId, SeatId, SessionId,
    SignInId, UserId,
};
pub(crate) use id::{hyphenated, id};
pub use identity_provider::IdentityProvider;
pub use issued::{KeyId, PrivateKey, RevocationReason, SerialNumber};
pub use key_digest::KeyDigest;
pub use level::{Level, OS2IOT};
pub use membership::Membership;
pub(crate) use membership::organisations;
pub use ordinal::{AccountId, ApiKeyId, ApplicationId, GroupId, NUMBER_TAKEN, Ordinal, OrganisationId};
pub use password_hash::PasswordHash;
pub use permission::{Context, NX, Operation, Permission, PermissionId, SHARED};
pub use role_name::RoleName;
pub use second_factor::{BackupCodeHash, TotpSecret};
pub use timestamp::Timestamp;
pub use title::Title;
pub use token::{Audience, TokenFingerprint, TokenLabel};
pub use username::Username;

/// Why a text is not a value of the wanted kind. The message names the rule, never the text itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {rule}")]
pub struct Invalid {
    /// The kind of value, in the words of the API, e.g. `username`.
    pub what: &'static str,
    /// The broken rule.
    pub rule: &'static str,
}

/// The name that takes the place of the present one, if it is another one. Somebody may send the present name again, even if it is
/// older than the rules and breaks one.
fn another<N: std::ops::Deref<Target = str>>(
    present: &str,
    typed: &str,
    parse: fn(&str) -> Result<N, Invalid>,
) -> Result<Option<N>, Invalid> {
    if typed == present {
        return Ok(None);
    }
    Ok(Some(parse(typed)?).filter(|name| **name != *present))
}

/// Implements `TryFrom<String>`, `FromStr`, `Display`, `Deref<Target = str>` and the serde traits for a
/// newtype over `String` that has `fn parse(&str) -> Result<Self, Invalid>`. serde reads the value with `parse`, too, unless the
/// type has a function for recorded texts, which accepts all of them.
macro_rules! text_value {
    ($name:ident, $recorded:ident) => {
        $crate::values::text_value!(@text $name);
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::$recorded)
            }
        }
    };
    ($name:ident) => {
        $crate::values::text_value!(@text $name);
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
    (@text $name:ident) => {
        impl std::str::FromStr for $name {
            type Err = $crate::values::Invalid;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl std::ops::Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}
pub(crate) use text_value;
