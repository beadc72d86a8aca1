//! The read models in the simplest way: everything in lists, and every query walks through them.

mod accounts;
mod api_keys;
mod applications;
mod authority;
mod groups;
mod issued;
mod licences;
pub(crate) mod numbered;
mod nx_accounts;
mod organisations;
mod registrations;
mod service_accounts;
mod sessions;
mod sign_ins;
mod spans;

use aggregates::{
    Event, Recorded,
    role::{Role, RoleEvent},
    service_account::ServiceAccountId,
    user::{User, UserEvent},
    values::{
        Certificate, Context, IdentityProvider, Permission, PermissionId, RoleId, SignInId, Timestamp, UserId,
    },
};
use futures_util::future::BoxFuture;
use projections::{
    issued_certificates::IssuedRow,
    permission_usage::{LocatedPermission, ResourceRow, RightRow, UsageRow},
    registrations::RegistrationRow,
    role_directory::{HolderRow, RolePageRow, RoleRow},
    service_accounts::ServiceAccountRow,
    sessions::SessionRow,
    user_directory::UserRow,
};
use proptest::{sample::Index, test_runner::TestCaseError};
use uuid::Uuid;

use crate::world::World;

/// An event, and the id of the aggregate to which it happens.
type Next = (Uuid, Event);

/// A part of the model in a file of its own: the events of one aggregate, and the questions about it. The random
/// histories contain the events of an aggregate only if it has a part.
#[derive(Debug)]
pub(crate) struct Part {
    /// The events of a unit that may come next. The index and the last number choose it; the first number is never the same twice.
    pub(crate) next: fn(&Model, u32, &Index, u8) -> Option<Vec<Next>>,
    /// Takes an event of any aggregate.
    take: fn(&mut Model, &Recorded),
    /// Compares all answers about the part.
    pub(crate) agree: for<'a> fn(&'a World, &'a Model) -> BoxFuture<'a, Result<(), TestCaseError>>,
}

/// All parts. Users and roles belong to the model itself, since every question is about them.
pub(crate) const PARTS: &[Part] = &[
    sessions::PART,
    registrations::PART,
    issued::PART,
    authority::PART,
    spans::PART,
    organisations::PART,
    groups::PART,
    applications::PART,
    api_keys::PART,
    accounts::PART,
    licences::PART,
    service_accounts::PART,
    sign_ins::PART,
    nx_accounts::PART,
];

/// The whole state, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) users: Vec<ModelUser>,
    pub(crate) roles: Vec<RoleRow>,
    pub(crate) grants: Vec<(UserId, RoleId)>,
    pub(crate) sessions: Vec<SessionRow>,
    pub(crate) sign_ins: Vec<SignInId>,
    pub(crate) issued: Vec<IssuedRow>,
    pub(crate) registrations: Vec<RegistrationRow>,
    pub(crate) spans: spans::Spans,
    pub(crate) numbered: numbered::ModelNumbered,
    pub(crate) licences: licences::ModelLicences,
    service_accounts: Vec<ServiceAccountRow>,
    /// The ids that no service account can get any more.
    closed_accounts: Vec<ServiceAccountId>,
    /// The permissions of all roles, in the order of their creation.
    permissions: Vec<PermissionId>,
    resources: Vec<(Context, String)>,
}

/// The row that an event makes of nobody.
fn new_user(at: Timestamp, id: UserId, event: &UserEvent) -> Option<UserRow> {
    match event {
        UserEvent::Created {
            username,
            identity_provider,
            auto_generated,
            mqtt_publish_prefix,
            grant_types,
            enforce_mfa_enrollment,
            password_hash: _,
        } => Some(UserRow {
            id,
            username: username.clone(),
            auto_generated: *auto_generated,
            mqtt_publish_prefix: mqtt_publish_prefix.clone(),
            identity_provider: *identity_provider,
            grant_types: grant_types.clone(),
            enforce_mfa_enrollment: *enforce_mfa_enrollment,
            has_second_factor: false,
            must_change_password: false,
            created_at: at,
            updated_at: at,
            tokens: vec![],
            certificates: vec![],
            roles: vec![],
        }),
        UserEvent::Renamed { .. }
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
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {}
        | UserEvent::Deleted {} => None,
    }
}

/// The row that an event makes of nothing.
fn new_role(id: RoleId, event: &RoleEvent) -> Option<RoleRow> {
    match event {
        RoleEvent::Created {
            name,
            is_shared,
            auto_generated,
            protected,
        } => Some(RoleRow {
            id,
            name: name.to_string(),
            is_shared: *is_shared,
            auto_generated: *auto_generated,
            protected: *protected,
            owner: None,
            permissions: vec![],
            more_permissions: false,
        }),
        RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. }
        | RoleEvent::Deleted {} => None,
    }
}

/// A user without what they hold.
#[derive(Clone, Debug)]
pub(crate) struct ModelUser {
    pub(crate) row: UserRow,
    pub(crate) certificates: Vec<Certificate>,
}

impl Model {
    pub(crate) fn take(&mut self, recorded: &Recorded) {
        let id = Uuid::try_parse(&recorded.aggregate_id).expect("an id");
        if let Some(event) = recorded.event.of::<User>() {
            self.user_event(recorded.recorded_at, UserId(id), event);
        }
        if let Some(event) = recorded.event.of::<Role>()
            && RoleId(id).group().is_none()
        {
            self.role_event(RoleId(id), event);
        }
        for part in PARTS {
            (part.take)(self, recorded);
        }
        self.tidy();
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn user_event(&mut self, at: Timestamp, id: UserId, event: &UserEvent) {
        if let Some(row) = new_user(at, id, event) {
            self.users.push(ModelUser {
                row,
                certificates: vec![],
            });
            return;
        }
        let own = self.roles.iter_mut().find(|role| role.id == id.own_role());
        let Some(user) = self.users.iter_mut().find(|user| user.row.id == id) else {
            return;
        };
        let before = user.row.clone();
        let row = &mut user.row;
        match event {
            UserEvent::Renamed { username } => {
                row.username.clone_from(username);
                if let Some(own) = own {
                    own.name.clone_from(username);
                }
                row.updated_at = at;
            }
            UserEvent::PublishPrefixChanged { mqtt_publish_prefix } => {
                row.mqtt_publish_prefix.clone_from(mqtt_publish_prefix);
                row.updated_at = at;
            }
            UserEvent::IdentityProviderChanged { identity_provider } => {
                row.identity_provider = *identity_provider;
                row.must_change_password &= *identity_provider == IdentityProvider::Local;
                row.updated_at = at;
            }
            UserEvent::GrantTypesChanged { grant_types } => {
                row.grant_types.clone_from(grant_types);
                row.updated_at = at;
            }
            UserEvent::MfaEnforcementChanged {
                enforce_mfa_enrollment,
            } => {
                row.enforce_mfa_enrollment = *enforce_mfa_enrollment;
                row.updated_at = at;
            }
            UserEvent::TotpEnrolled { .. } => {
                row.has_second_factor = true;
                row.updated_at = at;
            }
            UserEvent::SecondFactorDisabled { .. } => {
                row.has_second_factor = false;
                row.updated_at = at;
            }
            UserEvent::Revoked {} => {
                (row.has_second_factor, row.must_change_password) = (false, false);
                row.updated_at = at;
            }
            UserEvent::PasswordChangeDemanded { demanded } => {
                row.must_change_password = *demanded;
                row.updated_at = at;
            }
            UserEvent::PasswordChanged { .. } | UserEvent::PasswordSet { .. } => {
                if std::mem::take(&mut row.must_change_password) {
                    row.updated_at = at;
                }
            }
            UserEvent::RoleGranted { role_id, .. } => {
                self.grants.retain(|grant| *grant != (id, *role_id));
                self.grants.push((id, *role_id));
            }
            UserEvent::RoleRevoked { role_id } => self.grants.retain(|grant| *grant != (id, *role_id)),
            UserEvent::PermissionGranted { permission } => match own {
                Some(own) => own.permissions.push(permission.clone()),
                None => {
                    self.grants.push((id, id.own_role()));
                    self.roles.push(RoleRow {
                        id: id.own_role(),
                        name: before.username,
                        is_shared: false,
                        auto_generated: true,
                        protected: false,
                        owner: Some(id),
                        permissions: vec![permission.clone()],
                        more_permissions: false,
                    });
                }
            },
            UserEvent::PermissionRevoked { id: permission } => {
                if let Some(own) = own {
                    own.permissions.retain(|held| held.id != *permission);
                }
                self.roles
                    .retain(|role| role.owner.is_none() || !role.permissions.is_empty());
            }
            UserEvent::CertificateAdded { certificate } => user.certificates.push(certificate.clone()),
            UserEvent::CertificateRemoved { fingerprint } => {
                user.certificates.retain(|held| held.fingerprint != *fingerprint);
            }
            UserEvent::TokensRevoked {} => self.sessions.retain(|session| session.user_id != id),
            UserEvent::SessionsEnded { kept } => self
                .sessions
                .retain(|session| session.user_id != id || Some(session.id) == *kept),
            UserEvent::SessionsByMethodEnded { method } => self
                .sessions
                .retain(|session| session.user_id != id || !session.methods.contains(method)),
            UserEvent::Deleted {} => {
                self.users.retain(|user| user.row.id != id);
                self.roles.retain(|role| role.owner != Some(id));
                self.sessions.retain(|session| session.user_id != id);
            }
            UserEvent::Created { .. }
            | UserEvent::PasswordRehashed { .. }
            | UserEvent::TotpOffered { .. }
            | UserEvent::SecondFactorUsed { .. }
            | UserEvent::SecondFactorRefused { .. }
            | UserEvent::BackupCodesReplaced { .. } => {}
        }
    }

    fn role_event(&mut self, id: RoleId, event: &RoleEvent) {
        self.roles.extend(new_role(id, event));
        let Some(role) = self.roles.iter_mut().find(|role| role.id == id) else {
            return;
        };
        match event {
            RoleEvent::Renamed { name } => role.name = name.to_string(),
            RoleEvent::SharingChanged { is_shared } => role.is_shared = *is_shared,
            RoleEvent::PermissionAdded { permission } => role.permissions.push(permission.clone()),
            RoleEvent::PermissionChanged {
                id,
                resource,
                operation,
            } => {
                for held in role.permissions.iter_mut().filter(|held| held.id == *id) {
                    (held.resource, held.operation) = (resource.clone(), *operation);
                }
            }
            RoleEvent::PermissionRemoved { id } => role.permissions.retain(|held| held.id != *id),
            RoleEvent::Deleted {} => self.roles.retain(|role| role.id != id),
            RoleEvent::Created { .. }
            | RoleEvent::GroupFormed { .. }
            | RoleEvent::GroupAddsNewApplicationsChanged { .. }
            | RoleEvent::ApplicationAttached { .. }
            | RoleEvent::ApplicationDetached { .. } => {}
        }
    }

    /// Updates, after each event, what follows from the lists of users and roles.
    fn tidy(&mut self) {
        self.grants.retain(|(user, role)| {
            self.users.iter().any(|held| held.row.id == *user)
                && self.roles.iter().any(|held| held.id == *role)
        });
        let held: Vec<&Permission> = self.roles.iter().flat_map(|role| &role.permissions).collect();
        self.permissions
            .retain(|id| held.iter().any(|held| held.id == *id));
        let new: Vec<_> = held
            .iter()
            .map(|held| held.id)
            .filter(|id| !self.permissions.contains(id))
            .collect();
        assert!(new.len() <= 1, "an event makes one permission");
        self.permissions.extend(new);
        let resources: Vec<_> = held
            .iter()
            .map(|held| (held.context, held.resource.to_string()))
            .collect();
        self.resources.retain(|known| resources.contains(known));
        for resource in resources {
            if !self.resources.contains(&resource) {
                self.resources.push(resource);
            }
        }
    }

    pub(crate) fn user_rows(&self, now: Timestamp) -> Vec<UserRow> {
        let rows = self.users.iter().map(|user| UserRow {
            tokens: self.sessions_of(user.row.id, now),
            certificates: user.certificates.clone(),
            roles: self
                .roles
                .iter()
                .filter(|role| self.grants.contains(&(user.row.id, role.id)))
                .cloned()
                .map(Into::into)
                .collect(),
            ..user.row.clone()
        });
        rows.collect()
    }

    pub(crate) fn holders(&self, role: RoleId) -> Vec<HolderRow> {
        let held = self.grants.iter().filter(|(_, held)| *held == role);
        held.map(|(id, _)| HolderRow {
            id: *id,
            username: self.name_of(*id),
        })
        .collect()
    }

    pub(crate) fn role_page_rows(&self, most_holders: usize) -> Vec<RolePageRow> {
        let rows = self.roles.iter();
        rows.map(|role| {
            let mut holders = self.holders(role.id);
            let more_holders = holders.len() > most_holders;
            holders.truncate(most_holders);
            RolePageRow {
                role: role.clone(),
                holders,
                more_holders,
            }
        })
        .collect()
    }

    pub(crate) fn resource_rows(&self, only: Option<&[PermissionId]>) -> Vec<ResourceRow> {
        let mut rows = Vec::new();
        for (context, resource) in &self.resources {
            let mut usage = Vec::new();
            for (role, held) in self.permissions_in_order() {
                let named = held.context == *context && *held.resource == **resource;
                if named && only.is_none_or(|only| only.contains(&held.id)) {
                    usage.push(self.usage(role, held));
                }
            }
            if !usage.is_empty() {
                rows.push(ResourceRow {
                    resource: resource.clone(),
                    context: *context,
                    usage,
                    next_usage: None,
                });
            }
        }
        rows
    }

    pub(crate) fn right_rows(&self) -> Vec<RightRow> {
        let mut rows: Vec<RightRow> = Vec::new();
        for (_, held) in self.permissions_in_order() {
            let same = rows.iter_mut().find(|row| {
                row.context == held.context
                    && row.operation == held.operation
                    && *row.resource == *held.resource
            });
            match same {
                Some(row) => row.ids.push(held.id),
                None => rows.push(RightRow {
                    resource: held.resource.to_string(),
                    operation: held.operation,
                    context: held.context,
                    ids: vec![held.id],
                }),
            }
        }
        rows
    }

    pub(crate) fn located(&self) -> Vec<LocatedPermission> {
        let rows = self.permissions_in_order().into_iter();
        rows.map(|(role, held)| LocatedPermission {
            id: held.id,
            role_id: role.id,
            owner: role.owner,
        })
        .collect()
    }

    fn permissions_in_order(&self) -> Vec<(&RoleRow, &Permission)> {
        let all = self
            .roles
            .iter()
            .flat_map(|role| role.permissions.iter().map(move |held| (role, held)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(_, held)| self.permissions.iter().position(|id| *id == held.id));
        all
    }

    fn usage(&self, role: &RoleRow, held: &Permission) -> UsageRow {
        let holder = self
            .grants
            .iter()
            .find(|(_, held)| !role.is_shared && *held == role.id);
        UsageRow {
            permission_id: held.id,
            role_id: role.id,
            role_name: role.name.clone(),
            is_role_shared: role.is_shared,
            user_id: holder.map(|(user, _)| *user),
            username: holder.map(|(user, _)| self.name_of(*user)),
            operation: held.operation,
        }
    }

    fn name_of(&self, id: UserId) -> String {
        let user = self
            .users
            .iter()
            .find(|user| user.row.id == id)
            .expect("a holder exists");
        user.row.username.clone()
    }
}
