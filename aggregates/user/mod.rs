//! A user: a person or a machine that proves who it is and holds rights.

mod add_certificate;
mod change_password;
mod command;
mod create_user;
mod delete_user;
mod error;
mod event;
mod grant_permission;
mod grant_role;
mod rehash_password;
mod remove_certificate;
mod revoke_all_tokens;
mod revoke_permission;
mod revoke_role;
mod set_password;
mod update_user;

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::{Aggregate, event_sink::EventSink};
use serde::{Deserialize, Serialize};

pub use command::{CreateUser, RoleGrant, UpdateUser, UserCommand};
pub use error::UserError;
pub use event::UserEvent;

use crate::{
    claim::{self, Claim, Claims},
    values::{
        Certificate, Fingerprint, GrantMethod, GrantType, IdentityProvider, Permission, PermissionId, RoleId,
        satisfied,
    },
};

/// The stored name of this aggregate type.
pub const TYPE: &str = "user";

/// A user as their events tell.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct User {
    /// The id, once created.
    stage: Stage,
    /// Empty before creation.
    pub username: String,
    /// Who vouches for the user.
    pub identity_provider: Option<IdentityProvider>,
    /// Put before every topic the user publishes to.
    pub mqtt_publish_prefix: Option<String>,
    /// How the user may prove who they are.
    pub grant_types: Vec<GrantType>,
    /// The user must enrol a second factor.
    pub enforce_mfa_enrollment: bool,
    /// A PHC string.
    pub password_hash: Option<String>,
    /// Roles held, and whether exclusively.
    pub roles: BTreeMap<RoleId, bool>,
    /// Permissions of the user's own.
    pub permissions: BTreeMap<PermissionId, Permission>,
    /// Certificates the user may present.
    pub certificates: BTreeMap<Fingerprint, Certificate>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    #[default]
    Absent,
    Live,
    Deleted,
}

impl User {
    /// Whether the user was created and not deleted.
    pub fn exists(&self) -> bool {
        self.stage == Stage::Live
    }

    /// Whether the user may log in with a password on a face where nothing but a password, and afterwards the
    /// token, can be presented.
    pub fn may_log_in_by_password(&self) -> bool {
        self.exists()
            && self.identity_provider == Some(IdentityProvider::Local)
            && self.password_hash.is_some()
            && self.grant_types.iter().any(|grant| grant.method == GrantMethod::Password)
            && satisfied(&self.grant_types, &[GrantMethod::Password, GrantMethod::Token])
    }

    /// Whether the user can administer the server through it: holds the administrator role and can log in.
    fn administers(&self) -> bool {
        self.roles.contains_key(&RoleId::ADMINISTRATOR) && self.may_log_in_by_password()
    }

    /// `NotFound` unless the user exists.
    fn must_exist(&self) -> Result<(), UserError> {
        if self.exists() { Ok(()) } else { Err(UserError::NotFound) }
    }
}
