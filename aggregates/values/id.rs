//! Ids of aggregates and their parts: UUIDs, with a type for each kind.

use uuid::Uuid;

/// Declares the type of an id. If only one aggregate names an id, its type is declared in the folder of that aggregate.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// Reads the hyphenated form, in either case.
            pub fn parse(text: &str) -> Result<Self, $crate::values::Invalid> {
                $crate::values::hyphenated(text)
                    .map(Self)
                    .ok_or($crate::values::Invalid { what: $what, rule: "must be a UUID" })
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::values::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

pub(crate) use id;

/// Reads the hyphenated form of a UUID, in either case.
pub(crate) fn hyphenated(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}

id!(
    /// A user.
    UserId, "user id");
id!(
    /// A role.
    RoleId, "role id");
id!(
    /// A session, which is one issued token (the `jti` of its JWT, RFC 7519 section 4.1.7).
    SessionId, "session id");

id!(
    /// The certificate authority. There is only one.
    AuthorityId, "authority id");
id!(
    /// A public key that has certificates of this server.
    CertifiedKeyId, "certified key id");

impl AuthorityId {
    /// The certificate authority of this server.
    pub const ONE: Self = Self(Uuid::from_u128(0x6d756e69_6d65_4e74_8000_000000000003));
}

impl CertifiedKeyId {
    /// The id of the key with this SHA-256: its first 128 bits, in the form of a UUID (version 8, RFC 9562 section 5.8).
    pub fn of_sha256(sha256: &[u8; 32]) -> Self {
        let (octets, _) = sha256
            .split_first_chunk()
            .map_or(([0; 16], &[][..]), |(first, rest)| (*first, rest));
        Self(uuid::Builder::from_custom_bytes(octets).into_uuid())
    }
}

id!(
    /// An agreement, under which licences are issued.
    AgreementId, "agreement id");
id!(
    /// A licence.
    LicenceId, "licence id");
id!(
    /// A device that may have a seat: any UUID. If it is the id of a user, the seat ends with the user.
    DeviceId, "device id");
id!(
    /// The seat of one device on one licence.
    SeatId, "seat id");

impl LicenceId {
    /// The seat of a device on this licence. A device has at most one, however often it is assigned.
    pub fn seat(self, device: DeviceId) -> SeatId {
        SeatId(Uuid::new_v5(&self.0, device.0.as_bytes()))
    }
}

id!(
    /// A sign-in that goes on by refresh tokens. The last four bytes are zero; in the ids of its sessions and of its refresh tokens, they are
    /// a number.
    SignInId, "sign-in id");

impl SignInId {
    /// The sign-in with the first twelve bytes of this id.
    pub const fn of(drawn: Uuid) -> Self {
        Self(numbered(drawn, 0))
    }

    /// The session of the access token with this number.
    pub const fn session(self, number: u32) -> SessionId {
        SessionId(numbered(self.0, number))
    }

    /// The sign-in to which a session may belong.
    pub const fn of_session(session: SessionId) -> Self {
        Self::of(session.0)
    }

    /// What names the refresh token of this generation.
    pub const fn refresh_token(self, generation: u32) -> Uuid {
        numbered(self.0, generation)
    }

    /// The sign-in of a refresh token, and its generation.
    pub const fn of_refresh_token(name: Uuid) -> (Self, u32) {
        let [.., a, b, c, d] = name.into_bytes();
        (Self::of(name), u32::from_be_bytes([a, b, c, d]))
    }
}

/// The id with a number in the place of its last four bytes.
const fn numbered(id: Uuid, number: u32) -> Uuid {
    let rest = u32::MAX as u128;
    Uuid::from_u128(id.as_u128() & !rest | number as u128)
}

id!(
    /// The registration of a device. The user that its confirmation makes has the same UUID.
    RegistrationId, "registration id");

impl RegistrationId {
    /// The user that the confirmation of the registration makes.
    pub const fn user(self) -> UserId {
        UserId(self.0)
    }
}

impl UserId {
    /// The registration from which the user comes, if the user comes from one.
    pub const fn registration(self) -> RegistrationId {
        RegistrationId(self.0)
    }
}

impl RoleId {
    /// The id of `connectware-admin`, the same on every installation.
    pub const ADMINISTRATOR: Self = Self(Uuid::from_u128(0x6d756e69_6d65_4e74_8000_000000000001));
    /// The id of `minimum-access`, the same on every installation.
    pub const MINIMUM_ACCESS: Self = Self(Uuid::from_u128(0x6d756e69_6d65_4e74_8000_000000000002));
}

impl UserId {
    /// The id of the role that carries this user's own permissions in answers. That role is not shared and made
    /// automatically (contracts/connectware.md section 1, "Role").
    pub fn own_role(self) -> RoleId {
        RoleId(Uuid::new_v5(&self.0, b"own-permissions"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_read() {
        let hyphenated = "6D756e69-6d65-4e74-8000-000000000001";
        assert_eq!(RoleId::parse(hyphenated), Ok(RoleId::ADMINISTRATOR));
        for text in [
            "",
            "1",
            "6d756e696d654e748000000000000001",
            "{6d756e69-6d65-4e74-8000-000000000001}",
            "urn:uuid:6d756e69-6d65-4e74-8000-000000000001",
            "6d756e69-6d65-4e74-8000-00000000000g",
            "6d756e69-6d65-4e748-000-000000000001",
        ] {
            assert!(RoleId::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_roles_of_every_installation_are_two() {
        assert_eq!(
            RoleId::MINIMUM_ACCESS.to_string(),
            "6d756e69-6d65-4e74-8000-000000000002"
        );
        assert_ne!(RoleId::ADMINISTRATOR, RoleId::MINIMUM_ACCESS);
    }

    #[test]
    fn a_user_has_one_own_role_and_no_other_user_has_it() {
        let (one, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        assert_eq!(one.own_role().to_string(), "675d9eea-6b2d-58b7-9be4-60687bdde849");
        assert_ne!(one.own_role(), other.own_role());
    }

    #[test]
    fn a_device_has_one_seat_on_each_licence() {
        let (licence, device) = (LicenceId(Uuid::from_u128(1)), DeviceId(Uuid::from_u128(2)));
        assert_eq!(
            licence.seat(device).to_string(),
            "cfc0356d-8612-54eb-a4d2-4ba6b70a12f0"
        );
        assert_ne!(
            licence.seat(device),
            LicenceId(device.0).seat(DeviceId(licence.0))
        );
    }

    proptest! {
        #[test]
        fn a_sign_in_is_found_by_its_tokens(drawn in any::<u128>(), number in any::<u32>()) {
            let id = SignInId::of(Uuid::from_u128(drawn));
            prop_assert_eq!(SignInId::of_session(id.session(number)), id);
            prop_assert_eq!(SignInId::of_refresh_token(id.refresh_token(number)), (id, number));
            prop_assert_eq!(id.session(0).0, id.0);
        }

        #[test]
        fn an_id_is_read_as_it_is_written(number in any::<u128>()) {
            let id = UserId(Uuid::from_u128(number));
            prop_assert_eq!(UserId::parse(&id.to_string()), Ok(id));
            prop_assert_eq!(UserId::parse(&id.to_string().to_uppercase()), Ok(id));
            let json = serde_json::to_value(id).unwrap();
            prop_assert_eq!(&json, &serde_json::Value::String(id.to_string()));
            prop_assert_eq!(serde_json::from_value::<UserId>(json).unwrap(), id);
        }
    }
}
