//! Ordinals: the small integers by which the os2iot API names things, and the ids that follow from them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use super::{Invalid, RoleId};

/// The code of the refusal to make a thing with a number that is or was in use. The next number may be free.
pub const NUMBER_TAKEN: &str = "number_taken";

/// The number of a thing of one kind: 1 to 2^31 - 1. A number is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Ordinal(u32);

impl Ordinal {
    /// The first number.
    pub const FIRST: Self = Self(1);
    /// The last number.
    pub const LAST: Self = Self(i32::MAX.cast_unsigned());

    /// The number, if it is an ordinal.
    pub const fn new(number: i64) -> Option<Self> {
        match number {
            #[expect(
                clippy::cast_sign_loss,
                clippy::cast_possible_truncation,
                reason = "it is in range"
            )]
            1..=0x7fff_ffff => Some(Self(number as u32)),
            _ => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The next number, if there is one.
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 as i64 + 1)
    }
}

impl fmt::Display for Ordinal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Ordinal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        Self::new(number).ok_or_else(|| serde::de::Error::custom("not an ordinal"))
    }
}

/// What all ids of ordinals share: a UUID of version 8 (RFC 9562 section 5.8) has the number in its first 32 bits, and the kind in the
/// 12 bits after the version.
const FORM: u128 = 0x0000_0000_6f73_8000_8000_696f_7400_0000;
const NUMBER_SHIFT: u32 = 96;
const KIND_SHIFT: u32 = 64;

const fn uuid_of(kind: u16, ordinal: Ordinal) -> Uuid {
    Uuid::from_u128(FORM | ((ordinal.0 as u128) << NUMBER_SHIFT) | ((kind as u128) << KIND_SHIFT))
}

fn ordinal_of(kind: u16, uuid: Uuid) -> Option<Ordinal> {
    let number = u32::try_from(uuid.as_u128() >> NUMBER_SHIFT).ok()?;
    let ordinal = Ordinal::new(i64::from(number))?;
    (uuid_of(kind, ordinal) == uuid).then_some(ordinal)
}

/// Declares the type of an id that follows from an ordinal.
macro_rules! ordinal_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ordinal);

        impl $name {
            const KIND: u16 = $kind;

            /// The id of the thing with this number.
            pub const fn of(ordinal: Ordinal) -> Self {
                Self(ordinal)
            }

            /// The number.
            pub const fn ordinal(self) -> Ordinal {
                self.0
            }

            /// The id as the ledger names the stream.
            pub const fn uuid(self) -> Uuid {
                uuid_of(Self::KIND, self.0)
            }

            /// The id, if the UUID follows from a number.
            pub fn from_uuid(uuid: Uuid) -> Option<Self> {
                ordinal_of(Self::KIND, uuid).map(Self)
            }

            /// Reads the hyphenated form of the UUID, in either case.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                super::hyphenated(text).and_then(Self::from_uuid).ok_or(Invalid {
                    what: $what,
                    rule: "must be a UUID that follows from a number",
                })
            }
        }

        impl std::str::FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.uuid().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.uuid())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

ordinal_id!(
    /// An organisation.
    OrganisationId, 0x001, "organisation id");
ordinal_id!(
    /// A user group: a role whose rights follow from levels.
    GroupId, 0x002, "group id");
ordinal_id!(
    /// An application.
    ApplicationId, 0x003, "application id");
ordinal_id!(
    /// An API key.
    ApiKeyId, 0x004, "API key id");
ordinal_id!(
    /// The account of a user on the os2iot face. API keys draw numbers from the same sequence, for the system user that the face shows.
    AccountId, 0x005, "account id");

impl GroupId {
    /// The group of global administrators, the same on every installation.
    pub const GLOBAL_ADMIN: Self = Self(Ordinal::FIRST);

    /// The role that the members of the group hold.
    pub const fn role(self) -> RoleId {
        RoleId(self.uuid())
    }
}

impl RoleId {
    /// The group, if the role is one.
    pub fn group(self) -> Option<GroupId> {
        GroupId::from_uuid(self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_id_of_a_thing_shows_its_number() {
        let id = OrganisationId::of(Ordinal::new(3).unwrap());
        assert_eq!(id.to_string(), "00000003-6f73-8001-8000-696f74000000");
        assert_eq!(id.uuid().get_version_num(), 8);
        assert_eq!(GroupId::GLOBAL_ADMIN.role().group(), Some(GroupId::GLOBAL_ADMIN));
    }

    #[test]
    fn a_uuid_that_does_not_follow_from_a_number_is_no_id() {
        for text in [
            "",
            "3",
            "00000000-6f73-8001-8000-696f74000000",
            "80000000-6f73-8001-8000-696f74000000",
            "00000003-6f73-8002-8000-696f74000000",
            "00000003-6f73-8001-8000-696f74000001",
            "6d756e69-6d65-4e74-8000-000000000001",
        ] {
            assert!(OrganisationId::parse(text).is_err(), "{text}");
        }
        assert_eq!(RoleId::ADMINISTRATOR.group(), None);
    }

    #[test]
    fn ordinals_have_a_first_and_a_last() {
        for number in [i64::MIN, -1, 0, 0x8000_0000, i64::MAX] {
            assert_eq!(Ordinal::new(number), None, "{number}");
            assert!(serde_json::from_value::<Ordinal>(number.into()).is_err());
        }
        assert_eq!(Ordinal::new(1), Some(Ordinal::FIRST));
        assert_eq!(Ordinal::new(0x7fff_ffff), Some(Ordinal::LAST));
        assert_eq!(Ordinal::LAST.next(), None);
        assert_eq!(Ordinal::FIRST.next().map(Ordinal::get), Some(2));
    }

    proptest! {
        #[test]
        fn an_id_is_read_as_it_is_written(number in 1..=i64::from(i32::MAX)) {
            let id = ApplicationId::of(Ordinal::new(number).unwrap());
            prop_assert_eq!(ApplicationId::parse(&id.to_string()), Ok(id));
            let json = serde_json::to_value(id).unwrap();
            prop_assert_eq!(&json, &serde_json::Value::String(id.to_string()));
            prop_assert_eq!(serde_json::from_value::<ApplicationId>(json).unwrap(), id);
            prop_assert_eq!(i64::from(id.ordinal().get()), number);
            prop_assert!(ApiKeyId::from_uuid(id.uuid()).is_none());
        }
    }
}
