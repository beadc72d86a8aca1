//! Users as readers see them: immutable, replaced as a whole, and small, since there may be millions of them.

use std::{collections::BTreeSet, sync::Arc};

use aggregates::{
    user::UserEvent,
    values::{IdentityProvider, RoleId, SessionId, UserId},
};

use super::standing::Standing;
use super::subject::{Reason, Search, Subject, SubjectType};
use super::{methods::GrantTypes, roles::RoleIndex, sessions::Ends};
use crate::{
    Model,
    patterns::{grants::Grants, permissions::Permissions},
};

/// The subject type of a user, by their id.
pub(crate) const BY_ID: SubjectType = SubjectType {
    name: "user",
    read: |id| UserId::parse(id).map(Subject::User).map_err(|_| Reason::Unknown),
    search: Search::Users,
};

/// The subject type of a user, by their name.
pub(crate) const BY_NAME: SubjectType = SubjectType {
    name: "username",
    read: |name| Ok(Subject::Username(name.into())),
    search: Search::Usernames,
};

/// A user.
#[derive(Clone, Debug)]
pub(crate) struct User {
    /// The name. The map of names shares this text.
    pub(crate) username: Arc<str>,
    /// Which of the user's sessions have ended.
    pub(crate) ends: Ends,
    /// The roles that the user holds; some may be deleted.
    pub(crate) roles: Roles,
    /// The data that few users have.
    pub(crate) extra: Option<Arc<Extra>>,
    /// The ways in which the user may prove their identity.
    pub(crate) grant_types: GrantTypes,
    /// The identity provider that keeps the user's password.
    pub(crate) identity_provider: IdentityProvider,
    /// Whether the user must enrol a second factor.
    pub(crate) enforce_mfa_enrollment: bool,
    /// Whether the user has a second factor.
    pub(crate) has_second_factor: bool,
    /// Whether the user must change their password.
    pub(crate) must_change_password: bool,
    /// The user may do nothing, whatever they hold.
    pub(crate) is_suspended: bool,
}

/// The data that few users and all machines have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    /// The holder's own permissions.
    pub(crate) permissions: Permissions,
    /// The same permissions, compiled.
    pub(crate) grants: Grants,
    /// The prefix that is put before every topic to which the user publishes.
    pub(crate) mqtt_publish_prefix: Option<Arc<str>>,
}

impl User {
    /// Whether the user may do anything at all. `Authorization::put_user` asks, and shows readers only those who may.
    pub(crate) fn may_act(&self) -> bool {
        !self.is_suspended
    }

    /// What the user must do before a token or a password of theirs is good for anything else.
    pub(crate) fn duty(&self) -> Option<Duty> {
        if self.must_change_password {
            Some(Duty::ChangePassword)
        } else if self.enforce_mfa_enrollment && !self.has_second_factor {
            Some(Duty::EnrolSecondFactor)
        } else {
            None
        }
    }

    /// Changes the data that few users have, and removes it if it has become empty.
    pub(crate) fn change_extra(&mut self, change: impl FnOnce(&mut Extra)) {
        let extra = Arc::make_mut(self.extra.get_or_insert_default());
        change(extra);
        if extra.permissions.is_empty() && extra.mqtt_publish_prefix.is_none() {
            self.extra = None;
        }
    }

    fn change_prefix(&mut self, prefix: Option<&str>) {
        self.change_extra(|extra| extra.mqtt_publish_prefix = prefix.map(Arc::from));
    }
}

/// What users must do before a token or a password of theirs is good for anything else. If there are several things, they do one after
/// the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// They must change their password.
    ChangePassword,
    /// They must enrol a second factor.
    EnrolSecondFactor,
}

impl Duty {
    /// All duties.
    pub const ALL: [Self; 2] = [Self::ChangePassword, Self::EnrolSecondFactor];

    /// The code of a refusal because of it. It never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ChangePassword => "password_change_needed",
            Self::EnrolSecondFactor => "second_factor_missing",
        }
    }
}

/// A user after an event at `position`. This ignores roles, since only the writer knows their indexes.
pub(crate) fn fold(model: &Model, user: Option<User>, position: i64, event: &UserEvent) -> Option<User> {
    let user = fold_data(user, position, event);
    match (model.standing)(event) {
        Standing::Kept => user,
        Standing::Suspended => changed(user, |user| user.is_suspended = true),
        Standing::Restored => changed(user, |user| {
            if std::mem::take(&mut user.is_suspended) {
                // `drop_expired` may have removed sessions of the suspended user, so none of them becomes valid again.
                user.ends = Ends::at(position);
            }
        }),
    }
}

/// The same, without the effect on whether the user may do anything.
fn fold_data(user: Option<User>, position: i64, event: &UserEvent) -> Option<User> {
    match event {
        UserEvent::Created {
            username,
            identity_provider,
            mqtt_publish_prefix,
            grant_types,
            enforce_mfa_enrollment,
            auto_generated: _,
            password_hash: _,
        } => user.or_else(|| {
            let mut user = User {
                username: Arc::from(username.as_str()),
                ends: Ends::at(position),
                roles: Roles::default(),
                extra: None,
                grant_types: GrantTypes::of(grant_types),
                identity_provider: *identity_provider,
                enforce_mfa_enrollment: *enforce_mfa_enrollment,
                has_second_factor: false,
                must_change_password: false,
                is_suspended: false,
            };
            if mqtt_publish_prefix.is_some() {
                user.change_prefix(mqtt_publish_prefix.as_deref());
            }
            Some(user)
        }),
        UserEvent::Renamed { username } => changed(user, |user| user.username = Arc::from(username.as_str())),
        UserEvent::PublishPrefixChanged { mqtt_publish_prefix } => {
            changed(user, |user| user.change_prefix(mqtt_publish_prefix.as_deref()))
        }
        UserEvent::IdentityProviderChanged { identity_provider } => changed(user, |user| {
            user.identity_provider = *identity_provider;
            user.must_change_password &= *identity_provider == IdentityProvider::Local;
        }),
        UserEvent::PasswordChanged { .. } | UserEvent::PasswordSet { .. } => {
            changed(user, |user| user.must_change_password = false)
        }
        UserEvent::PasswordChangeDemanded { demanded } => {
            changed(user, |user| user.must_change_password = *demanded)
        }
        UserEvent::GrantTypesChanged { grant_types } => {
            changed(user, |user| user.grant_types = GrantTypes::of(grant_types))
        }
        UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment,
        } => changed(user, |user| user.enforce_mfa_enrollment = *enforce_mfa_enrollment),
        UserEvent::TotpEnrolled { .. } => changed(user, |user| user.has_second_factor = true),
        UserEvent::SecondFactorDisabled { .. } => changed(user, |user| user.has_second_factor = false),
        UserEvent::Revoked {} => changed(user, |user| {
            (user.has_second_factor, user.must_change_password) = (false, false);
        }),
        UserEvent::PermissionGranted { permission } => changed(user, |user| {
            user.change_extra(|extra| extra.permissions.add(permission.clone()));
        }),
        UserEvent::PermissionRevoked { id } => changed(user, |user| {
            user.change_extra(|extra| extra.permissions.remove(*id));
        }),
        // Only the writer knows the session that is kept: see `kept_session`.
        UserEvent::TokensRevoked {} | UserEvent::SessionsEnded { kept: _ } => {
            changed(user, |user| user.ends = Ends::at(position))
        }
        UserEvent::SessionsByMethodEnded { method } => {
            changed(user, |user| user.ends.end_method(*method, position))
        }
        UserEvent::Deleted {} => None,
        // The writer applies roles; `certificates` applies certificates. The engine needs no passwords: callers verify
        // them.
        UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::TotpOffered { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. } => user,
    }
}

fn changed(user: Option<User>, change: impl FnOnce(&mut User)) -> Option<User> {
    user.map(|mut user| {
        change(&mut user);
        user
    })
}

/// The session that goes on although an event ends all sessions of its user.
pub(crate) fn kept_session(event: &UserEvent) -> Option<SessionId> {
    match event {
        UserEvent::SessionsEnded { kept } => *kept,
        UserEvent::Created { .. }
        | UserEvent::Renamed { .. }
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::MfaEnforcementChanged { .. }
        | UserEvent::PasswordChangeDemanded { .. }
        | UserEvent::TotpOffered { .. }
        | UserEvent::TotpEnrolled { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. }
        | UserEvent::SecondFactorDisabled { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::PermissionGranted { .. }
        | UserEvent::PermissionRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {}
        | UserEvent::Deleted {} => None,
    }
}

/// Whether an event changes what its user's own permissions grant.
pub(crate) fn changes_grants(event: &UserEvent) -> bool {
    match event {
        UserEvent::PermissionGranted { .. } | UserEvent::PermissionRevoked { .. } => true,
        UserEvent::Created { .. }
        | UserEvent::Renamed { .. }
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::PublishPrefixChanged { .. }
        | UserEvent::IdentityProviderChanged { .. }
        | UserEvent::GrantTypesChanged { .. }
        | UserEvent::MfaEnforcementChanged { .. }
        | UserEvent::PasswordChangeDemanded { .. }
        | UserEvent::TotpOffered { .. }
        | UserEvent::TotpEnrolled { .. }
        | UserEvent::SecondFactorUsed { .. }
        | UserEvent::SecondFactorRefused { .. }
        | UserEvent::BackupCodesReplaced { .. }
        | UserEvent::SecondFactorDisabled { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {}
        | UserEvent::Deleted {} => false,
    }
}

/// What an event does to the roles of its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleStep {
    /// From now on the user holds this role.
    Granted(RoleId),
    /// The user no longer holds this role.
    Revoked(RoleId),
    /// The user holds the same roles as before.
    Kept,
}

impl RoleStep {
    /// Applies the step to the roles.
    pub(crate) fn take(self, roles: &mut BTreeSet<RoleId>) {
        match self {
            Self::Granted(role) => drop(roles.insert(role)),
            Self::Revoked(role) => drop(roles.remove(&role)),
            Self::Kept => {}
        }
    }

    /// The step of a user's event.
    pub(crate) fn of(event: &UserEvent) -> Self {
        match event {
            UserEvent::RoleGranted {
                role_id,
                exclusive: _,
            } => Self::Granted(*role_id),
            UserEvent::RoleRevoked { role_id } => Self::Revoked(*role_id),
            // The user loses everything with this event; the fold of users applies it.
            UserEvent::Deleted {}
            | UserEvent::Created { .. }
            | UserEvent::Renamed { .. }
            | UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordSet { .. }
            | UserEvent::PasswordRehashed { .. }
            | UserEvent::PublishPrefixChanged { .. }
            | UserEvent::IdentityProviderChanged { .. }
            | UserEvent::GrantTypesChanged { .. }
            | UserEvent::MfaEnforcementChanged { .. }
            | UserEvent::PasswordChangeDemanded { .. }
            | UserEvent::TotpOffered { .. }
            | UserEvent::TotpEnrolled { .. }
            | UserEvent::SecondFactorUsed { .. }
            | UserEvent::SecondFactorRefused { .. }
            | UserEvent::BackupCodesReplaced { .. }
            | UserEvent::SecondFactorDisabled { .. }
            | UserEvent::PermissionGranted { .. }
            | UserEvent::PermissionRevoked { .. }
            | UserEvent::CertificateAdded { .. }
            | UserEvent::CertificateRemoved { .. }
            | UserEvent::TokensRevoked {}
            | UserEvent::SessionsEnded { .. }
            | UserEvent::SessionsByMethodEnded { .. }
            | UserEvent::Revoked {} => Self::Kept,
        }
    }
}

/// How many roles are stored within the user.
const FEW: usize = 3;

/// The roles of a user, each once.
#[derive(Clone, Debug)]
pub(crate) enum Roles {
    /// Few roles: the first ones in the array, as many as the number says.
    Few(u8, [RoleIndex; FEW]),
    /// More roles. A thin pointer keeps the other variant small.
    Many(Arc<Vec<RoleIndex>>),
}

impl Default for Roles {
    fn default() -> Self {
        Self::Few(0, [0; FEW])
    }
}

impl FromIterator<RoleIndex> for Roles {
    fn from_iter<I: IntoIterator<Item = RoleIndex>>(roles: I) -> Self {
        let all: Vec<RoleIndex> = roles.into_iter().collect();
        let mut few = [0; FEW];
        match few.get_mut(..all.len()) {
            Some(places) => {
                places.copy_from_slice(&all);
                Self::Few(all.len() as u8, few)
            }
            None => Self::Many(Arc::new(all)),
        }
    }
}

impl Roles {
    /// All roles.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[RoleIndex] {
        match self {
            Self::Few(count, roles) => roles.get(..usize::from(*count)).unwrap_or_default(),
            Self::Many(roles) => roles,
        }
    }
}
