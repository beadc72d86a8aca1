//! Users for the tests of decisions about them.

use super::{CreateUser, UserEvent};
use crate::{
    testing::hash,
    values::{GrantMethod, GrantType, IdentityProvider},
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
