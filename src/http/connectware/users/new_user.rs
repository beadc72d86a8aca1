//! The body that makes one user, alone or in a batch.

use std::sync::Arc;

use aggregates::{
    Command,
    user::{CreateUser, UserCommand},
    values::{IdentityProvider, PasswordHash, RoleId, UserId, Username},
};
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::wire::{CertificateIn, GrantTypeWire, MOST_AT_ONCE, PermissionIn, grant_types, new_permissions};
use server::{App, Refusal, Rehearse, identity::passwords::rules::NewPassword, role_grants};

/// A placeholder for the hash of a password in a rehearsal. A rehearsal stores nothing, so it need not hash the
/// password.
pub(crate) const UNHASHED: &str = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA";

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "username": "iot.device.0123456", "password": "secret-password", "identityProvider": "local",
    "grantTypes": [{"method": "password", "isRequired": false}], "roles": [],
    "initialPermissions": [{"resource": "plant/+/temperature", "operation": "read", "context": "mqtt"}]
}))]
pub(crate) struct NewUser {
    /// 3 to 255 letters, digits and ASCII characters, without spaces and colons. Unique: no other username differs only in upper and
    /// lower case or in compatibility forms of characters, such as full-width letters.
    #[schema(min_length = 3, max_length = 255)]
    username: String,
    /// `local`, `ldap` or `msEntraId`.
    identity_provider: String,
    /// How the user may prove who they are.
    grant_types: Vec<GrantTypeWire>,
    /// Made by a service, not by a person.
    #[serde(default)]
    auto_generated: bool,
    /// Put before every topic the user publishes to.
    mqtt_publish_prefix: Option<String>,
    /// As the password policy wants it.
    #[schema(value_type = Option<String>)]
    password: Option<Zeroizing<String>>,
    /// Certificates the user may present.
    #[serde(default)]
    #[schema(max_items = 1000)]
    certificates: Vec<CertificateIn>,
    /// Permissions of the user's own.
    #[serde(default)]
    #[schema(max_items = 1000)]
    initial_permissions: Vec<PermissionIn>,
    /// Role ids, not names.
    #[serde(default)]
    roles: Vec<String>,
    /// The user must enrol a second factor.
    #[serde(default, rename = "enforceMFAEnrollment")]
    enforce_mfa_enrollment: bool,
    /// The user must change this password before anything else.
    #[serde(default)]
    must_change_password: bool,
}

/// A new user. Everything is checked that can be checked without hashing the password.
pub(crate) struct Checked {
    create: CreateUser,
    password: Option<NewPassword>,
}

impl NewUser {
    /// Checks everything that is cheap to check.
    pub(crate) async fn check(self, app: &App) -> Result<Checked, Refusal> {
        let rules = Arc::clone(&app.live().password_rules);
        let password = self
            .password
            .map(|password| rules.propose(&password, &[&self.username]))
            .transpose()?;
        let roles = self
            .roles
            .iter()
            .map(|id| RoleId::parse(id))
            .collect::<Result<Vec<_>, _>>()?;
        if self.certificates.len() > MOST_AT_ONCE {
            return Err(Refusal::invalid(format!(
                "certificates: must be at most {MOST_AT_ONCE} in one request"
            )));
        }
        let now = app.clock.now();
        let create = CreateUser {
            username: Username::parse(&self.username)?,
            identity_provider: IdentityProvider::parse(&self.identity_provider)?,
            auto_generated: self.auto_generated,
            mqtt_publish_prefix: self.mqtt_publish_prefix,
            grant_types: grant_types(&self.grant_types)?,
            enforce_mfa_enrollment: self.enforce_mfa_enrollment,
            password_hash: None,
            must_change_password: self.must_change_password,
            roles: role_grants(app, &roles).await?,
            permissions: new_permissions(&self.initial_permissions, app.entropy.as_ref())?,
            certificates: self
                .certificates
                .iter()
                .map(|c| c.parse(now))
                .collect::<Result<_, _>>()?,
        };
        Ok(Checked { create, password })
    }
}

impl Rehearse<0> for NewUser {
    async fn rehearse(self, app: &App, []: [&str; 0]) -> Result<Vec<Command>, Refusal> {
        let mut user = self.check(app).await?;
        let hash = user.password().map(|_| PasswordHash::new(UNHASHED));
        Ok(vec![user.command(app, hash).1])
    }
}

impl Checked {
    /// Takes the password, which must be hashed.
    pub(crate) fn password(&mut self) -> Option<NewPassword> {
        self.password.take()
    }

    /// The command that makes the user with a new id.
    pub(crate) fn command(mut self, app: &App, password_hash: Option<PasswordHash>) -> (UserId, Command) {
        self.create.password_hash = password_hash;
        let id = UserId(app.entropy.uuid());
        (id, Command::User(id, UserCommand::Create(self.create)))
    }
}
