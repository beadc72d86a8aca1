//! One event of each kind, with every optional field filled. The golden files are made from these events.

use uuid::Uuid;

use super::RoleEvent;
use crate::values::{
    ApplicationId, Context, Invalid, Level, Operation, Ordinal, OrganisationId, Permission, PermissionId,
};

pub(super) fn all() -> Result<Vec<RoleEvent>, Invalid> {
    let id = PermissionId(Uuid::from_u128(1));
    let application = ApplicationId::of(Ordinal::FIRST);
    Ok(vec![
        RoleEvent::Created {
            name: "connectware-admin".parse()?,
            is_shared: true,
            auto_generated: true,
            protected: true,
        },
        RoleEvent::Renamed {
            name: "operators".parse()?,
        },
        RoleEvent::SharingChanged { is_shared: true },
        RoleEvent::PermissionAdded {
            permission: Permission::new(id, "site/+/#".parse()?, Operation::Read, Context::Mqtt)?,
        },
        RoleEvent::PermissionChanged {
            id,
            resource: "site/#".parse()?,
            operation: Operation::ReadWrite,
        },
        RoleEvent::PermissionRemoved { id },
        RoleEvent::GroupFormed {
            organisation: Ordinal::new(3).map(OrganisationId::of),
            levels: vec![Level::OrganizationApplicationAdmin, Level::Read],
            adds_new_applications: false,
        },
        RoleEvent::GroupAddsNewApplicationsChanged {
            adds_new_applications: true,
        },
        RoleEvent::ApplicationAttached { application },
        RoleEvent::ApplicationDetached { application },
        RoleEvent::Deleted {},
    ])
}
