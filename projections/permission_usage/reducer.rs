//! How events change permissions and the resources that they name. Both roles and users have permissions.

use aggregates::{
    Recorded,
    role::{Role, RoleEvent},
    user::{User, UserEvent},
    values::{Context, Operation, Permission, PermissionId, RoleId, TopicFilter, UserId},
};

use super::record::{PermissionRecord, ResourceKey, ResourceRecord};
use crate::{
    store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error},
    user_directory::record::UserRecord,
};

/// The read model.
#[derive(Debug)]
pub(crate) struct PermissionUsage;

impl ReadModel for PermissionUsage {
    const NAME: &'static str = "permission_usage";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] = &[
        RecordType::of::<PermissionRecord>(),
        RecordType::of::<ResourceRecord>(),
    ];
    const FOLDS: &'static [Fold] = &[
        Fold::of(&FoldOf::<User> {
            needs: needs_of_user,
            reduce: reduce_user,
        }),
        Fold::of(&FoldOf::<Role> {
            needs: needs_of_role,
            reduce: reduce_role,
        }),
    ];
}

fn needs_of_user(needs: &mut Needs<'_>, id: UserId, event: &UserEvent) {
    match event {
        UserEvent::PermissionGranted { permission } => {
            needs.row::<UserRecord>(id);
            needs_of_new(needs, permission);
        }
        UserEvent::PermissionRevoked { id: permission } => needs.row::<PermissionRecord>(*permission),
        UserEvent::Deleted {} => needs.all(PermissionRecord::OF_ROLE, &id.own_role()),
        UserEvent::Created { .. }
        | UserEvent::Renamed { .. }
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
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {} => {}
    }
}

fn needs_of_new(needs: &mut Needs<'_>, permission: &Permission) {
    needs.new_row::<PermissionRecord>(permission.id);
    needs.row::<ResourceRecord>(ResourceKey::of(permission.context, &permission.resource));
}

/// Folds an event of the user `id`.
fn reduce_user(changes: &mut Changes, at: &Recorded, id: UserId, event: &UserEvent) -> Result<(), Error> {
    match event {
        UserEvent::PermissionGranted { permission } => {
            if changes.get::<UserRecord>(&id)?.is_some() {
                add(changes, at.position, id.own_role(), permission)?;
            }
            Ok(())
        }
        UserEvent::PermissionRevoked { id: permission } => remove(changes, id.own_role(), *permission),
        UserEvent::Deleted {} => remove_all(changes, id.own_role()),
        UserEvent::Created { .. }
        | UserEvent::Renamed { .. }
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
        | UserEvent::PasswordChanged { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::PasswordRehashed { .. }
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {} => Ok(()),
    }
}

fn needs_of_role(needs: &mut Needs<'_>, id: RoleId, event: &RoleEvent) {
    if !id.is_plain() {
        return;
    }
    match event {
        RoleEvent::PermissionAdded { permission } => needs_of_new(needs, permission),
        RoleEvent::PermissionChanged {
            id: permission,
            resource,
            operation: _,
        } => {
            needs.row::<PermissionRecord>(*permission);
            // The event does not contain the context, and the permission is not loaded yet.
            for context in [Context::Http, Context::Mqtt] {
                needs.row::<ResourceRecord>(ResourceKey::of(context, resource));
            }
        }
        RoleEvent::PermissionRemoved { id: permission } => needs.row::<PermissionRecord>(*permission),
        RoleEvent::Deleted {} => needs.all(PermissionRecord::OF_ROLE, &id),
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => {}
    }
}

/// Folds an event of the role `id`. The permissions of groups and account kinds follow from levels and from the
/// catalogue, and no list shows them.
fn reduce_role(changes: &mut Changes, at: &Recorded, id: RoleId, event: &RoleEvent) -> Result<(), Error> {
    if !id.is_plain() {
        return Ok(());
    }
    match event {
        RoleEvent::PermissionAdded { permission } => add(changes, at.position, id, permission),
        RoleEvent::PermissionChanged {
            id: permission,
            resource,
            operation,
        } => change(changes, at.position, id, *permission, resource, *operation),
        RoleEvent::PermissionRemoved { id: permission } => remove(changes, id, *permission),
        RoleEvent::Deleted {} => remove_all(changes, id),
        RoleEvent::Created { .. }
        | RoleEvent::Renamed { .. }
        | RoleEvent::SharingChanged { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => Ok(()),
    }
}

/// Adds a permission to a role.
fn add(changes: &mut Changes, position: i64, role_id: RoleId, permission: &Permission) -> Result<(), Error> {
    let resource_key = use_resource(changes, position, permission.context, &permission.resource)?;
    changes.put(PermissionRecord {
        permission_id: permission.id,
        role_id,
        ordinal: position,
        resource_key,
        resource: permission.resource.clone(),
        operation: permission.operation,
        context: permission.context,
    })
}

/// Changes a permission of a role.
fn change(
    changes: &mut Changes,
    position: i64,
    role_id: RoleId,
    id: PermissionId,
    resource: &TopicFilter,
    operation: Operation,
) -> Result<(), Error> {
    let Some(held) = changes
        .change::<PermissionRecord>(&id)?
        .filter(|held| held.role_id == role_id)
    else {
        return Ok(());
    };
    held.operation = operation;
    if held.resource == *resource {
        return Ok(());
    }
    held.resource = resource.clone();
    let (left, context) = (held.resource_key, held.context);
    let taken = use_resource(changes, position, context, resource)?;
    if let Some(held) = changes.change::<PermissionRecord>(&id)? {
        held.resource_key = taken;
    }
    leave_resource(changes, left)
}

/// Removes a permission from a role.
fn remove(changes: &mut Changes, role_id: RoleId, id: PermissionId) -> Result<(), Error> {
    let held = changes.get::<PermissionRecord>(&id)?;
    let Some(resource) = held
        .filter(|held| held.role_id == role_id)
        .map(|held| held.resource_key)
    else {
        return Ok(());
    };
    changes.remove::<PermissionRecord>(&id)?;
    leave_resource(changes, resource)
}

/// Removes all permissions of a role.
fn remove_all(changes: &mut Changes, role_id: RoleId) -> Result<(), Error> {
    for held in changes.remove_all(PermissionRecord::OF_ROLE, &role_id)? {
        leave_resource(changes, held.resource_key)?;
    }
    Ok(())
}

fn use_resource(
    changes: &mut Changes,
    position: i64,
    context: Context,
    resource: &TopicFilter,
) -> Result<ResourceKey, Error> {
    let key = ResourceKey::of(context, resource);
    if let Some(known) = changes.change::<ResourceRecord>(&key)? {
        known.uses += 1;
    } else {
        changes.put(ResourceRecord {
            ordinal: position,
            resource_key: key,
            resource: resource.clone(),
            context,
            uses: 1,
        })?;
    }
    Ok(key)
}

fn leave_resource(changes: &mut Changes, key: ResourceKey) -> Result<(), Error> {
    let Some(known) = changes.change::<ResourceRecord>(&key)? else {
        return Ok(());
    };
    known.uses -= 1;
    if known.uses == 0 {
        changes.remove::<ResourceRecord>(&key)?;
    }
    Ok(())
}
