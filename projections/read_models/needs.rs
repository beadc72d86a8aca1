//! Which rows a batch must read before it can be folded: those it changes in part. What the batch itself makes
//! needs no reading, and what is only made or only removed needs none either.

use std::collections::BTreeSet;

use aggregates::{
    role::RoleEvent,
    user::UserEvent,
    values::{Context, PermissionId, RoleId, UserId},
};

use super::{Changes, Subject};
use crate::{
    permission_usage::record::{PermissionRecord, ResourceKey, ResourceRecord},
    role_directory::record::RoleRecord,
    sql::{Error, Tx},
    tables::load as load_rows,
    user_directory::record::UserRecord,
};

/// Reads into `changes` what folding these events needs: at most one statement per table and way in.
pub(super) async fn load(
    tx: &mut Tx<'_>,
    changes: &mut Changes,
    events: &[Subject<'_>],
) -> Result<(), Error> {
    let mut needs = Needs::default();
    for event in events {
        match event {
            Subject::User(id, event) => needs.user_event(*id, event),
            Subject::Role(id, event) => needs.role_event(*id, event),
            Subject::Session(..) => {}
        }
    }
    for user in load_rows::<UserRecord, _>(tx, "user_id", &texts(&needs.users)).await? {
        changes.users.load(user.id, user);
    }
    for role in load_rows::<RoleRecord, _>(tx, "role_id", &texts(&needs.roles)).await? {
        changes.roles.load(role.id, role);
    }
    let mut permissions: Vec<PermissionRecord> =
        load_rows(tx, "permission_id", &texts(&needs.permissions)).await?;
    permissions.extend(load_rows::<PermissionRecord, _>(tx, "role_id", &texts(&needs.permissions_of)).await?);
    for held in permissions {
        needs.resources.insert(held.resource_key);
        changes.permissions.load(held.permission.id, held);
    }
    let keys: Vec<&[u8]> = needs.resources.iter().map(|key| key.0.as_slice()).collect();
    for resource in load_rows::<ResourceRecord, _>(tx, "resource_key", &keys).await? {
        changes.resources.load(resource.key, resource);
    }
    changes
        .users
        .absent(needs.users.into_iter().chain(needs.made_users));
    changes
        .roles
        .absent(needs.roles.into_iter().chain(needs.made_roles));
    let permissions = needs.permissions.into_iter().chain(needs.made_permissions);
    changes.permissions.absent(permissions);
    changes.resources.absent(needs.resources);
    Ok(())
}

fn texts<K: ToString>(keys: &BTreeSet<K>) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}

#[derive(Debug, Default)]
struct Needs {
    users: BTreeSet<UserId>,
    roles: BTreeSet<RoleId>,
    permissions: BTreeSet<PermissionId>,
    permissions_of: BTreeSet<RoleId>,
    resources: BTreeSet<ResourceKey>,
    made_users: BTreeSet<UserId>,
    made_roles: BTreeSet<RoleId>,
    made_permissions: BTreeSet<PermissionId>,
}

impl Needs {
    fn user_event(&mut self, id: UserId, event: &UserEvent) {
        match event {
            UserEvent::Created { .. } => {
                self.made_users.insert(id);
                self.made_roles.insert(id.own_role());
            }
            UserEvent::PublishPrefixChanged { .. }
            | UserEvent::IdentityProviderChanged { .. }
            | UserEvent::GrantTypesChanged { .. }
            | UserEvent::MfaEnforcementChanged { .. } => self.user(id),
            UserEvent::Renamed { .. } => {
                self.user(id);
                self.role(id.own_role());
            }
            UserEvent::PermissionGranted { permission } => {
                self.user(id);
                self.role(id.own_role());
                self.made_permissions.insert(permission.id);
                self.resources
                    .insert(ResourceKey::of(permission.context, &permission.resource));
            }
            UserEvent::PermissionRevoked { id: permission } => {
                self.role(id.own_role());
                self.permission(*permission);
            }
            UserEvent::Deleted {} => {
                self.user(id);
                self.role(id.own_role());
                self.all_permissions(id.own_role());
            }
            UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordSet { .. }
            | UserEvent::PasswordRehashed { .. }
            | UserEvent::RoleGranted { .. }
            | UserEvent::RoleRevoked { .. }
            | UserEvent::CertificateAdded { .. }
            | UserEvent::CertificateRemoved { .. }
            | UserEvent::TokensRevoked {} => {}
        }
    }

    fn role_event(&mut self, id: RoleId, event: &RoleEvent) {
        match event {
            RoleEvent::Created { .. } => {
                self.made_roles.insert(id);
            }
            RoleEvent::Renamed { .. } | RoleEvent::SharingChanged { .. } => self.role(id),
            RoleEvent::PermissionAdded { permission } => {
                self.made_permissions.insert(permission.id);
                self.resources
                    .insert(ResourceKey::of(permission.context, &permission.resource));
            }
            RoleEvent::PermissionChanged {
                id: permission,
                resource,
                ..
            } => {
                self.permission(*permission);
                // The event does not say the context, and the permission is not read yet.
                let contexts = [Context::Http, Context::Mqtt];
                self.resources
                    .extend(contexts.map(|context| ResourceKey::of(context, resource)));
            }
            RoleEvent::PermissionRemoved { id: permission } => self.permission(*permission),
            RoleEvent::Deleted {} => {
                self.role(id);
                self.all_permissions(id);
            }
        }
    }

    fn user(&mut self, id: UserId) {
        if !self.made_users.contains(&id) {
            self.users.insert(id);
        }
    }

    fn role(&mut self, id: RoleId) {
        if !self.made_roles.contains(&id) {
            self.roles.insert(id);
        }
    }

    fn permission(&mut self, id: PermissionId) {
        if !self.made_permissions.contains(&id) {
            self.permissions.insert(id);
        }
    }

    fn all_permissions(&mut self, role: RoleId) {
        if !self.made_roles.contains(&role) {
            self.permissions_of.insert(role);
        }
    }
}
