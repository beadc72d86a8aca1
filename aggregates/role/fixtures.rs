//! Roles for the tests of decisions about them.

use super::{CreateRole, RoleEvent};
use crate::values::Permission;

/// Creates `operators`, a shared role without permissions.
pub(super) fn create_operators() -> CreateRole {
    CreateRole {
        name: "operators".parse().unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: false,
        permissions: vec![],
    }
}

/// The event that [`create_operators`] leads to.
pub(super) fn operators_created() -> RoleEvent {
    RoleEvent::Created {
        name: "operators".parse().unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: false,
    }
}

/// A role that can never change.
pub(super) fn protected_created() -> RoleEvent {
    RoleEvent::Created {
        name: "connectware-admin".parse().unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: true,
    }
}

/// `operators`, created and deleted.
pub(super) fn operators_deleted() -> Vec<RoleEvent> {
    vec![operators_created(), RoleEvent::Deleted {}]
}

pub(super) fn added(permission: Permission) -> RoleEvent {
    RoleEvent::PermissionAdded { permission }
}
