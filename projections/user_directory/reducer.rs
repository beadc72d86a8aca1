//! What becomes of the read models when something happens to a user.

use aggregates::{
    Recorded,
    user::UserEvent,
    values::{Permission, UserId},
};

use super::record::{CertificateRecord, UserRecord};
use crate::{
    counted_lists::List,
    read_models::Changes,
    role_directory::record::{HolderRecord, RoleRecord},
    sessions,
    sql::Error,
};

impl UserRecord {
    /// The list that counts the user.
    fn list(&self) -> List {
        List::users(self.auto_generated)
    }
}

/// Takes an event of the user `id`. What concerns somebody unknown changes nothing.
pub(crate) fn reduce(
    changes: &mut Changes,
    at: &Recorded,
    id: UserId,
    event: &UserEvent,
) -> Result<(), Error> {
    match event {
        UserEvent::Created {
            username,
            identity_provider,
            auto_generated,
            mqtt_publish_prefix,
            grant_types,
            enforce_mfa_enrollment,
            password_hash: _,
        } => {
            let user = UserRecord {
                id,
                ordinal: at.position,
                username: username.clone(),
                identity_provider: *identity_provider,
                mqtt_publish_prefix: mqtt_publish_prefix.clone(),
                grant_types: grant_types.clone(),
                enforce_mfa_enrollment: *enforce_mfa_enrollment,
                auto_generated: *auto_generated,
                created_at: at.recorded_at,
                updated_at: at.recorded_at,
                updated_position: at.position,
            };
            changes.lists.add(user.list(), user.ordinal);
            changes.users.put(id, user);
        }
        UserEvent::Renamed { username } => {
            update(changes, at, id, |user| user.username.clone_from(username))?;
            if let Some(own) = changes.roles.change(&id.own_role())? {
                own.name.clone_from(username);
            }
        }
        UserEvent::PublishPrefixChanged { mqtt_publish_prefix } => {
            update(changes, at, id, |user| {
                user.mqtt_publish_prefix.clone_from(mqtt_publish_prefix)
            })?;
        }
        UserEvent::IdentityProviderChanged { identity_provider } => {
            update(changes, at, id, |user| {
                user.identity_provider = *identity_provider
            })?;
        }
        UserEvent::GrantTypesChanged { grant_types } => {
            update(changes, at, id, |user| user.grant_types.clone_from(grant_types))?;
        }
        UserEvent::MfaEnforcementChanged {
            enforce_mfa_enrollment,
        } => {
            update(changes, at, id, |user| {
                user.enforce_mfa_enrollment = *enforce_mfa_enrollment
            })?;
        }
        UserEvent::RoleGranted {
            role_id,
            exclusive: _,
        } => {
            changes
                .holders
                .put((id, *role_id), HolderRecord::granted(id, *role_id, at));
        }
        UserEvent::RoleRevoked { role_id } => {
            changes.holders.delete((id, *role_id));
        }
        UserEvent::PermissionGranted { permission } => grant_permission(changes, at, id, permission)?,
        UserEvent::PermissionRevoked { id: permission } => {
            if changes.remove_permission(id.own_role(), *permission)? {
                lose_own_permission(changes, id)?;
            }
        }
        UserEvent::CertificateAdded { certificate } => {
            let record = CertificateRecord {
                user_id: id,
                ordinal: at.position,
                certificate: certificate.clone(),
            };
            changes
                .certificates
                .put((id, certificate.fingerprint.clone()), record);
        }
        UserEvent::CertificateRemoved { fingerprint } => {
            changes.certificates.delete((id, fingerprint.clone()));
        }
        UserEvent::TokensRevoked {} => sessions::reducer::remove_all(changes, id),
        UserEvent::Deleted {} => delete(changes, id)?,
        UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. } => {}
    }
    Ok(())
}

fn update(
    changes: &mut Changes,
    at: &Recorded,
    id: UserId,
    change: impl FnOnce(&mut UserRecord),
) -> Result<(), Error> {
    if let Some(user) = changes.users.change(&id)? {
        change(user);
        user.updated_at = at.recorded_at;
        user.updated_position = at.position;
    }
    Ok(())
}

/// The first permission of a user's own brings the role that carries it.
fn grant_permission(
    changes: &mut Changes,
    at: &Recorded,
    id: UserId,
    permission: &Permission,
) -> Result<(), Error> {
    let Some(user) = changes.users.get(&id)? else {
        return Ok(());
    };
    let role_id = id.own_role();
    if let Some(own) = changes.roles.change(&role_id)? {
        own.own_permissions += 1;
    } else {
        let own = RoleRecord {
            id: role_id,
            ordinal: at.position,
            name: user.username.clone(),
            is_shared: false,
            auto_generated: true,
            protected: false,
            owner: Some(id),
            own_permissions: 1,
            created_at: at.recorded_at,
        };
        changes.lists.add(own.list(), own.ordinal);
        changes.roles.put(role_id, own);
        changes
            .holders
            .put((id, role_id), HolderRecord::granted(id, role_id, at));
    }
    changes.add_permission(at.position, role_id, permission)
}

/// The last permission of a user's own takes its role along.
fn lose_own_permission(changes: &mut Changes, id: UserId) -> Result<(), Error> {
    let role_id = id.own_role();
    let Some(own) = changes.roles.change(&role_id)? else {
        return Ok(());
    };
    own.own_permissions -= 1;
    if own.own_permissions == 0 {
        let (list, ordinal) = (own.list(), own.ordinal);
        changes.lists.remove(list, ordinal);
        changes.roles.remove(&role_id)?;
        changes.holders.delete((id, role_id));
    }
    Ok(())
}

fn delete(changes: &mut Changes, id: UserId) -> Result<(), Error> {
    let Some(user) = changes.users.remove(&id)? else {
        return Ok(());
    };
    changes.lists.remove(user.list(), user.ordinal);
    let own = id.own_role();
    if let Some(role) = changes.roles.remove(&own)? {
        changes.lists.remove(role.list(), role.ordinal);
        changes.remove_permissions_of(own)?;
    }
    changes.holders.take(|(user, _), _| *user == id);
    changes.purges.roles_of.insert(id);
    changes.certificates.take(|(user, _), _| *user == id);
    changes.purges.certificates_of.insert(id);
    sessions::reducer::remove_all(changes, id);
    Ok(())
}
