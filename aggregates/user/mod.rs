//! A user: a person or a machine that proves its identity and holds rights.

mod add_certificate;
mod change_account_kind;
mod change_password;
pub mod claims;
mod command;
mod count_wrong_code;
mod create_user;
mod delete_user;
mod demand_password_change;
mod disable_second_factor;
mod enrol_totp;
mod error;
mod event;
#[cfg(test)]
mod fixtures;
mod grant_permission;
mod grant_role;
mod hold_certificate;
mod join_group;
mod leave_group;
mod offer_totp;
mod rehash_password;
mod remove_certificate;
mod replace_backup_codes;
mod revoke_all_tokens;
mod revoke_permission;
mod revoke_role;
mod revoke_user;
mod rules;
mod samples;
pub mod second_factor;
mod sessions;
mod set_password;
mod update_user;
mod use_second_factor;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

pub use add_certificate::MOST_CERTIFICATES;
pub use command::{CreateUser, RoleGrant, UpdateUser, UserCommand};
pub use error::UserError;
pub use event::{Ending, OfCertificate, UserEvent};
use second_factor::SecondFactor;

use crate::{
    Registered,
    claim::Scope,
    values::{
        Certificate, Fingerprint, GrantMethod, GrantType, IdentityProvider, Invalid, PasswordHash,
        Permission, PermissionId, RoleId, TotpSecret, UserId, opens_sessions, satisfied,
    },
};

/// How many passwords a state knows at most, with the present one.
pub const MOST_PASSWORDS: usize = 24;

/// The state of a user, folded from their events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct User {
    /// How far the user has come.
    stage: Stage,
    /// The username; empty before creation.
    pub username: String,
    /// The identity provider that keeps the user's password.
    pub identity_provider: Option<IdentityProvider>,
    /// The prefix that is put before every topic to which the user publishes.
    pub mqtt_publish_prefix: Option<String>,
    /// The ways in which the user may prove their identity.
    pub grant_types: Vec<GrantType>,
    /// Whether the user must enrol a second factor.
    pub enforce_mfa_enrollment: bool,
    /// The password hash, a PHC string.
    pub password_hash: Option<PasswordHash>,
    /// The hashes of the passwords before it, newest first.
    pub earlier_passwords: Vec<PasswordHash>,
    /// Whether the user must change their password before anything else.
    pub must_change_password: bool,
    /// The TOTP that was offered to the user and that they have not confirmed.
    pub offered_totp: Option<TotpSecret>,
    /// The user's second factor.
    pub second_factor: Option<SecondFactor>,
    /// The roles that the user holds, and whether each is exclusive.
    pub roles: BTreeMap<RoleId, bool>,
    /// The user's own permissions.
    pub permissions: BTreeMap<PermissionId, Permission>,
    /// The certificates that the user may present.
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
        match self.stage {
            Stage::Live => true,
            Stage::Absent | Stage::Deleted => false,
        }
    }

    /// Whether the user may do anything at all: log in, and use the rights that they hold. The authorization engine must
    /// agree: the oracle of its tests asks this method after every event.
    pub fn may_act(&self) -> bool {
        match self.stage {
            Stage::Live => true,
            Stage::Absent | Stage::Deleted => false,
        }
    }

    /// Whether the user may log in by password on a face that accepts no other proof than the password and, afterwards,
    /// the token.
    pub fn may_log_in_by_password(&self) -> bool {
        self.may_act()
            && self.identity_provider == Some(IdentityProvider::Local)
            && self.password_hash.is_some()
            && opens_sessions(&self.grant_types, GrantMethod::Password)
    }

    /// The same, if the user also shows a certificate of theirs with each request.
    pub fn may_log_in_by_password_and_certificate(&self) -> bool {
        let shown = [
            GrantMethod::Password,
            GrantMethod::Certificate,
            GrantMethod::Token,
        ];
        self.may_act()
            && self.identity_provider == Some(IdentityProvider::Local)
            && self.password_hash.is_some()
            && self
                .grant_types
                .iter()
                .any(|grant| grant.method == GrantMethod::Password)
            && satisfied(&self.grant_types, &shown)
    }

    /// Whether the user can administer the server: holds the administrator role and can log in.
    fn administers(&self) -> bool {
        self.roles.contains_key(&RoleId::ADMINISTRATOR) && self.may_log_in_by_password()
    }

    /// The user has another password.
    fn replace_password(&mut self, password_hash: PasswordHash) {
        self.must_change_password = false;
        if let Some(former) = self.password_hash.replace(password_hash) {
            self.earlier_passwords.insert(0, former);
            self.earlier_passwords.truncate(MOST_PASSWORDS - 1);
        }
    }

    /// `NotFound` unless the user exists.
    fn must_exist(&self) -> Result<(), UserError> {
        if self.exists() {
            Ok(())
        } else {
            Err(UserError::NotFound)
        }
    }

    /// `NotFound` unless the user exists; `PasswordNotLocal` unless this server keeps their password.
    fn must_keep_password(&self) -> Result<(), UserError> {
        self.must_exist()?;
        match self.identity_provider {
            Some(IdentityProvider::Local) => Ok(()),
            _ => Err(UserError::PasswordNotLocal),
        }
    }

    /// The events of a command, without the end of sessions.
    fn decide_alone(&self, command: UserCommand) -> Result<Vec<UserEvent>, UserError> {
        match command {
            UserCommand::Create(command) => create_user::decide(self, command),
            UserCommand::ChangePassword {
                verified,
                password_hash,
                session: _,
            } => change_password::decide(self, &verified, password_hash),
            UserCommand::SetPassword { password_hash } => set_password::decide(self, password_hash),
            UserCommand::RehashPassword {
                verified,
                password_hash,
            } => rehash_password::decide(self, &verified, password_hash),
            UserCommand::DemandPasswordChange { verified } => demand_password_change::decide(self, &verified),
            UserCommand::OfferTotp { secret } => offer_totp::decide(self, secret),
            UserCommand::EnrolTotp {
                verified,
                step,
                backup_codes,
            } => enrol_totp::decide(self, &verified, step, backup_codes),
            UserCommand::UseSecondFactor { proof, now } => use_second_factor::decide(self, &proof, now),
            UserCommand::CountWrongCode { limit, now } => count_wrong_code::decide(self, limit, now),
            UserCommand::ReplaceBackupCodes {
                proof,
                now,
                backup_codes,
            } => replace_backup_codes::decide(self, proof.as_ref(), now, backup_codes),
            UserCommand::DisableSecondFactor { proof, now } => {
                disable_second_factor::decide(self, &proof, now)
            }
            UserCommand::Update(command) => update_user::decide(self, command),
            UserCommand::GrantRole(grant) => grant_role::decide(self, grant),
            UserCommand::RevokeRole { role_id } => revoke_role::decide(self, role_id),
            UserCommand::JoinGroup { group } => join_group::decide(self, group),
            UserCommand::LeaveGroup { group } => leave_group::decide(self, group),
            UserCommand::ChangeAccountKind { kind } => change_account_kind::decide(self, kind),
            UserCommand::GrantPermission(permission) => grant_permission::decide(self, permission),
            UserCommand::RevokePermission { id } => revoke_permission::decide(self, id),
            UserCommand::AddCertificate(certificate) => add_certificate::decide(self, certificate),
            UserCommand::HoldCertificate {
                certificate,
                username,
                follows,
            } => hold_certificate::decide(self, certificate, &username, follows.as_ref()),
            UserCommand::RemoveCertificate { fingerprint } => remove_certificate::decide(self, fingerprint),
            UserCommand::RevokeAllTokens => revoke_all_tokens::decide(self),
            UserCommand::Revoke => revoke_user::decide(self),
            UserCommand::Delete => delete_user::decide(self),
        }
    }
}

impl Registered for User {
    const TYPE: &'static str = "user";
    const SCOPES: &'static [&'static Scope] = claims::SCOPES;
    const STATE_VERSION: i64 = 3;
    type Id = UserId;
    type Command = UserCommand;
    type Event = UserEvent;
    type Error = UserError;

    /// Each change of a credential also ends the sessions that the credential proved, whichever command makes the change.
    fn decide(&self, command: UserCommand) -> Result<Vec<UserEvent>, UserError> {
        let kept = sessions::kept_by(&command);
        let mut events = self.decide_alone(command)?;
        let ended = sessions::ended_by(self, &events, kept);
        events.extend(ended);
        Ok(events)
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn apply(&mut self, event: UserEvent) {
        match event {
            UserEvent::Created {
                username,
                identity_provider,
                auto_generated: _,
                mqtt_publish_prefix,
                grant_types,
                enforce_mfa_enrollment,
                password_hash,
            } => {
                *self = Self {
                    stage: Stage::Live,
                    username,
                    identity_provider: Some(identity_provider),
                    mqtt_publish_prefix,
                    grant_types,
                    enforce_mfa_enrollment,
                    password_hash,
                    ..Self::default()
                }
            }
            UserEvent::Renamed { username } => self.username = username,
            UserEvent::PasswordChanged { password_hash } | UserEvent::PasswordSet { password_hash } => {
                self.replace_password(password_hash);
            }
            UserEvent::PasswordRehashed { password_hash } => self.password_hash = Some(password_hash),
            UserEvent::PasswordChangeDemanded { demanded } => self.must_change_password = demanded,
            UserEvent::PublishPrefixChanged { mqtt_publish_prefix } => {
                self.mqtt_publish_prefix = mqtt_publish_prefix;
            }
            UserEvent::IdentityProviderChanged { identity_provider } => {
                self.identity_provider = Some(identity_provider);
                if identity_provider != IdentityProvider::Local {
                    self.lose_password();
                }
            }
            UserEvent::GrantTypesChanged { grant_types } => self.grant_types = grant_types,
            UserEvent::MfaEnforcementChanged {
                enforce_mfa_enrollment,
            } => {
                self.enforce_mfa_enrollment = enforce_mfa_enrollment;
            }
            UserEvent::TotpOffered { secret } => self.offered_totp = Some(secret),
            UserEvent::TotpEnrolled { step, backup_codes } => {
                let secret = self.offered_totp.take();
                self.second_factor = secret.map(|secret| SecondFactor::of_totp(secret, step, backup_codes));
            }
            UserEvent::SecondFactorUsed { used } => self.change_second_factor(|factor| factor.use_up(&used)),
            UserEvent::SecondFactorRefused { banned_until } => {
                self.change_second_factor(|factor| factor.refuse(banned_until));
            }
            UserEvent::BackupCodesReplaced { backup_codes } => self.change_second_factor(|factor| {
                factor.backup_codes = backup_codes.into_iter().collect();
            }),
            UserEvent::SecondFactorDisabled { by_owner: _ } => self.lose_second_factor(),
            UserEvent::RoleGranted { role_id, exclusive } => {
                self.roles.insert(role_id, exclusive);
            }
            UserEvent::RoleRevoked { role_id } => {
                self.roles.remove(&role_id);
            }
            UserEvent::PermissionGranted { permission } => {
                self.permissions.insert(permission.id, permission);
            }
            UserEvent::PermissionRevoked { id } => {
                self.permissions.remove(&id);
            }
            UserEvent::CertificateAdded { certificate } => {
                self.certificates
                    .insert(certificate.fingerprint.clone(), certificate);
            }
            UserEvent::CertificateRemoved { fingerprint } => {
                self.certificates.remove(&fingerprint);
            }
            // The state does not know the user's sessions.
            UserEvent::TokensRevoked {}
            | UserEvent::SessionsEnded { .. }
            | UserEvent::SessionsByMethodEnded { .. } => {}
            UserEvent::Revoked {} => {
                self.lose_password();
                self.lose_second_factor();
            }
            UserEvent::Deleted {} => {
                *self = Self {
                    stage: Stage::Deleted,
                    ..Self::default()
                }
            }
        }
    }

    fn begins_a_stream(command: &UserCommand) -> bool {
        match command {
            UserCommand::Create(_) => true,
            UserCommand::ChangePassword { .. }
            | UserCommand::SetPassword { .. }
            | UserCommand::RehashPassword { .. }
            | UserCommand::DemandPasswordChange { .. }
            | UserCommand::OfferTotp { .. }
            | UserCommand::EnrolTotp { .. }
            | UserCommand::UseSecondFactor { .. }
            | UserCommand::CountWrongCode { .. }
            | UserCommand::ReplaceBackupCodes { .. }
            | UserCommand::DisableSecondFactor { .. }
            | UserCommand::Update(_)
            | UserCommand::GrantRole(_)
            | UserCommand::RevokeRole { .. }
            | UserCommand::JoinGroup { .. }
            | UserCommand::LeaveGroup { .. }
            | UserCommand::ChangeAccountKind { .. }
            | UserCommand::GrantPermission(_)
            | UserCommand::RevokePermission { .. }
            | UserCommand::AddCertificate(_)
            | UserCommand::HoldCertificate { .. }
            | UserCommand::RemoveCertificate { .. }
            | UserCommand::RevokeAllTokens
            | UserCommand::Revoke
            | UserCommand::Delete => false,
        }
    }

    /// The person is the user.
    fn person<'a>(&self, aggregate_id: &'a str) -> Option<Cow<'a, str>> {
        Some(Cow::Borrowed(aggregate_id))
    }

    fn samples() -> Result<Vec<UserEvent>, Invalid> {
        samples::all()
    }
}
