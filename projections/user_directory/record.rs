//! Users and their certificates, as the tables store them.

use aggregates::values::{Certificate, Fingerprint, GrantType, IdentityProvider, Timestamp, UserId};

crate::record! {
    /// A row of `user_directory`.
    pub(crate) struct UserRecord in "user_directory" {
        pub(crate) user_id: UserId,
        pub(crate) ordinal: i64,
        pub(crate) username: String,
        pub(crate) identity_provider: IdentityProvider,
        pub(crate) mqtt_publish_prefix: Option<String>,
        pub(crate) grant_types: Vec<GrantType>,
        pub(crate) enforce_mfa_enrollment: bool,
        pub(crate) has_second_factor: bool,
        pub(crate) must_change_password: bool,
        pub(crate) auto_generated: bool,
        pub(crate) created_at: Timestamp,
        pub(crate) updated_at: Timestamp,
        pub(crate) updated_position: i64,
    }
    key(user_id: UserId)
    lists by ordinal {
        BY_PERSONS = "users:person" { auto_generated: false };
        BY_SERVICES = "users:auto" { auto_generated: true };
    }
    finds { WITH_ID = user_id: UserId; NAMED = username: String; }
    personal { username } where user_id = |user| user;
}

crate::record! {
    /// A row of `user_certificates`.
    pub(crate) struct CertificateRecord in "user_certificates" {
        pub(crate) user_id: UserId,
        pub(crate) fingerprint: Fingerprint,
        pub(crate) ordinal: i64,
        pub(crate) created_at: Timestamp,
        pub(crate) expires_at: Option<Timestamp>,
    }
    key(user_id: UserId, fingerprint: Fingerprint)
    sets { OF_USER = user_id: UserId; }
}

impl CertificateRecord {
    /// The certificate itself.
    pub(crate) fn into_certificate(self) -> Certificate {
        Certificate {
            fingerprint: self.fingerprint,
            created_at: self.created_at,
            expires_at: self.expires_at,
        }
    }
}
