//! Users for the tests of decisions about them.

use super::{
    CreateUser, UserEvent,
    second_factor::{Proof, Used},
};
use crate::{
    testing::hash,
    values::{BackupCodeHash, GrantMethod, GrantType, IdentityProvider, Timestamp, TotpSecret},
};

/// A method that is not required.
pub(super) fn grant(method: GrantMethod) -> GrantType {
    GrantType {
        method,
        is_required: false,
    }
}

/// Creates `ada`, who logs in by password and holds nothing.
pub(super) fn create_ada() -> CreateUser {
    CreateUser {
        username: "ada".parse().unwrap(),
        identity_provider: IdentityProvider::Local,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: vec![grant(GrantMethod::Password)],
        enforce_mfa_enrollment: false,
        password_hash: Some(hash("first")),
        must_change_password: false,
        roles: vec![],
        permissions: vec![],
        certificates: vec![],
    }
}

/// The event that [`create_ada`] leads to.
pub(super) fn ada_created() -> UserEvent {
    UserEvent::Created {
        username: "ada".into(),
        identity_provider: IdentityProvider::Local,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: vec![grant(GrantMethod::Password)],
        enforce_mfa_enrollment: false,
        password_hash: Some(hash("first")),
    }
}

/// A user whose password an LDAP directory keeps.
pub(super) fn ldap_user_created() -> UserEvent {
    UserEvent::Created {
        username: "grace".into(),
        identity_provider: IdentityProvider::Ldap,
        auto_generated: false,
        mqtt_publish_prefix: None,
        grant_types: vec![grant(GrantMethod::Password)],
        enforce_mfa_enrollment: false,
        password_hash: None,
    }
}

/// `ada`, created and deleted.
pub(super) fn ada_deleted() -> Vec<UserEvent> {
    vec![ada_created(), UserEvent::Deleted {}]
}

/// The secret of a TOTP.
pub(super) fn secret(text: &str) -> TotpSecret {
    TotpSecret::new(text)
}

/// The keyed digests of back-up codes.
pub(super) fn codes(texts: &[&str]) -> Vec<BackupCodeHash> {
    texts.iter().map(|text| BackupCodeHash::new(*text)).collect()
}

/// The code of this time step, verified against the secret of [`enrolled`].
pub(super) fn code(step: i64) -> Proof {
    Proof::Totp {
        verified: secret("S"),
        step,
    }
}

/// A back-up code.
pub(super) fn backup_code(text: &str) -> Proof {
    Proof::BackupCode(BackupCodeHash::new(text))
}

/// The event by which `ada` has used a code of this time step.
pub(super) fn code_used(step: i64) -> UserEvent {
    UserEvent::SecondFactorUsed {
        used: Used::Totp { step },
    }
}

/// `ada`, who enrolled a TOTP with a code of time step 7 and has the back-up codes `a` and `b`.
pub(super) fn enrolled() -> Vec<UserEvent> {
    vec![
        ada_created(),
        UserEvent::TotpOffered { secret: secret("S") },
        UserEvent::TotpEnrolled {
            step: 7,
            backup_codes: codes(&["a", "b"]),
        },
    ]
}

/// The same, and these events after it.
pub(super) fn enrolled_and(events: &[UserEvent]) -> Vec<UserEvent> {
    [&enrolled(), events].concat()
}

/// The moment this many seconds after 1970.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// The event by which a wrong code was one too many.
pub(super) fn banned_until(seconds: i64) -> UserEvent {
    UserEvent::SecondFactorRefused {
        banned_until: Some(at(seconds)),
    }
}
