//! How events change roles and their holders. A user's own permissions also form a role: it exists from the first such
//! permission to the last.

use aggregates::{
    Recorded,
    role::{Role, RoleEvent},
    user::{User, UserEvent},
    values::{PermissionId, RoleId, UserId},
};

use super::record::{HolderRecord, RoleRecord};
use crate::{
    permission_usage::record::PermissionRecord,
    store::{Changes, Fold, FoldOf, Needs, ReadModel, RecordType, sql::Error},
    user_directory::record::UserRecord,
};

/// The read model.
#[derive(Debug)]
pub(crate) struct RoleDirectory;

impl ReadModel for RoleDirectory {
    const NAME: &'static str = "role_directory";
    const VERSION: i64 = 1;
    const RECORDS: &'static [RecordType] =
        &[RecordType::of::<HolderRecord>(), RecordType::of::<RoleRecord>()];
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
        UserEvent::Created { .. } => needs.new_row::<RoleRecord>(id.own_role()),
        UserEvent::Renamed { .. } | UserEvent::Deleted {} => needs.row::<RoleRecord>(id.own_role()),
        UserEvent::PermissionGranted { .. } => {
            needs.row::<UserRecord>(id);
            needs.row::<RoleRecord>(id.own_role());
        }
        UserEvent::PermissionRevoked { id: permission } => {
            needs.row::<RoleRecord>(id.own_role());
            needs.row::<PermissionRecord>(*permission);
        }
        UserEvent::PublishPrefixChanged { .. }
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

/// Folds an event of the user `id`.
fn reduce_user(changes: &mut Changes, at: &Recorded, id: UserId, event: &UserEvent) -> Result<(), Error> {
    match event {
        UserEvent::Renamed { username } => {
            if let Some(own) = changes.change::<RoleRecord>(&id.own_role())? {
                own.name.clone_from(username);
            }
            Ok(())
        }
        UserEvent::RoleGranted {
            role_id,
            exclusive: _,
        } => changes.put_new(HolderRecord::granted(id, *role_id, at)),
        UserEvent::RoleRevoked { role_id } => changes.delete::<HolderRecord>((id, *role_id)),
        UserEvent::PermissionGranted { .. } => gain_own_permission(changes, at, id),
        UserEvent::PermissionRevoked { id: permission } => lose_own_permission(changes, id, *permission),
        UserEvent::Deleted {} => {
            changes.remove::<RoleRecord>(&id.own_role())?;
            changes.delete_all(HolderRecord::OF_USER, &id)
        }
        UserEvent::Created { .. }
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
        | UserEvent::CertificateAdded { .. }
        | UserEvent::CertificateRemoved { .. }
        | UserEvent::TokensRevoked {}
        | UserEvent::SessionsEnded { .. }
        | UserEvent::SessionsByMethodEnded { .. }
        | UserEvent::Revoked {} => Ok(()),
    }
}

/// The first own permission of a user creates the role that carries it.
fn gain_own_permission(changes: &mut Changes, at: &Recorded, id: UserId) -> Result<(), Error> {
    let Some(user) = changes.get::<UserRecord>(&id)? else {
        return Ok(());
    };
    let name = user.username.clone();
    let role_id = id.own_role();
    if let Some(own) = changes.change::<RoleRecord>(&role_id)? {
        own.own_permissions += 1;
        return Ok(());
    }
    changes.put(RoleRecord {
        role_id,
        ordinal: at.position,
        name,
        is_shared: false,
        auto_generated: true,
        protected: false,
        owner_user_id: Some(id),
        own_permissions: 1,
        created_at: at.recorded_at,
    })?;
    changes.put_new(HolderRecord::granted(id, role_id, at))
}

/// The last own permission of a user removes its role, too.
fn lose_own_permission(changes: &mut Changes, id: UserId, permission: PermissionId) -> Result<(), Error> {
    let role_id = id.own_role();
    let held = changes.get::<PermissionRecord>(&permission)?;
    if held.is_none_or(|held| held.role_id != role_id) {
        return Ok(());
    }
    let Some(own) = changes.change::<RoleRecord>(&role_id)? else {
        return Ok(());
    };
    own.own_permissions -= 1;
    if own.own_permissions == 0 {
        changes.remove::<RoleRecord>(&role_id)?;
        changes.delete::<HolderRecord>((id, role_id))?;
    }
    Ok(())
}

fn needs_of_role(needs: &mut Needs<'_>, id: RoleId, event: &RoleEvent) {
    if !id.is_plain() {
        return;
    }
    match event {
        RoleEvent::Created { .. } => needs.new_row::<RoleRecord>(id),
        RoleEvent::Renamed { .. } | RoleEvent::SharingChanged { .. } | RoleEvent::Deleted {} => {
            needs.row::<RoleRecord>(id);
        }
        RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => {}
    }
}

/// Folds an event of the role `id`. An event about an unknown role changes nothing. A group of the os2iot face and an account kind have
/// holders, but they are in no list of roles.
fn reduce_role(changes: &mut Changes, at: &Recorded, id: RoleId, event: &RoleEvent) -> Result<(), Error> {
    if !id.is_plain() {
        return match event {
            RoleEvent::Deleted {} => changes.delete_all(HolderRecord::OF_ROLE, &id),
            RoleEvent::Created { .. }
            | RoleEvent::Renamed { .. }
            | RoleEvent::SharingChanged { .. }
            | RoleEvent::PermissionAdded { .. }
            | RoleEvent::PermissionChanged { .. }
            | RoleEvent::PermissionRemoved { .. }
            | RoleEvent::GroupFormed { .. }
            | RoleEvent::GroupAddsNewApplicationsChanged { .. }
            | RoleEvent::ApplicationAttached { .. }
            | RoleEvent::ApplicationDetached { .. } => Ok(()),
        };
    }
    match event {
        RoleEvent::Created {
            name,
            is_shared,
            auto_generated,
            protected,
        } => changes.put(RoleRecord {
            role_id: id,
            ordinal: at.position,
            name: name.to_string(),
            is_shared: *is_shared,
            auto_generated: *auto_generated,
            protected: *protected,
            owner_user_id: None,
            own_permissions: 0,
            created_at: at.recorded_at,
        }),
        RoleEvent::Renamed { name } => {
            if let Some(role) = changes.change::<RoleRecord>(&id)? {
                role.name = name.to_string();
            }
            Ok(())
        }
        RoleEvent::SharingChanged { is_shared } => {
            if let Some(role) = changes.change::<RoleRecord>(&id)? {
                role.is_shared = *is_shared;
            }
            Ok(())
        }
        RoleEvent::Deleted {} => {
            if changes.remove::<RoleRecord>(&id)?.is_some() {
                changes.delete_all(HolderRecord::OF_ROLE, &id)?;
            }
            Ok(())
        }
        RoleEvent::PermissionAdded { .. }
        | RoleEvent::PermissionChanged { .. }
        | RoleEvent::PermissionRemoved { .. }
        | RoleEvent::GroupFormed { .. }
        | RoleEvent::GroupAddsNewApplicationsChanged { .. }
        | RoleEvent::ApplicationAttached { .. }
        | RoleEvent::ApplicationDetached { .. } => Ok(()),
    }
}
