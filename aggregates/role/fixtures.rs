//! Roles for the tests of decisions about them.

use super::{CreateRole, RoleEvent};
use crate::values::Permission;

/// The wish for `operators`, a shared role that gives nothing.
pub(super) fn create_operators() -> CreateRole {
    CreateRole {
        name: "operators".parse().unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: false,
        permissions: vec![],
    }
}

/// `operators` as [`create_operators`] wishes them.
pub(super) fn operators_created() -> RoleEvent {
    RoleEvent::Created {
        name: "operators".parse().unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: false,
    }
}

/// A role that stays as it is made.
pub(super) fn protected_created() -> RoleEvent {
    RoleEvent::Created {
        name: "connectware-admin".parse().unwrap(),
        is_shared: true,
        auto_generated: false,
        protected: true,
    }
}

/// `operators`, who were here and are gone.
pub(super) fn operators_deleted() -> Vec<RoleEvent> {
    vec![operators_created(), RoleEvent::Deleted {}]
}

pub(super) fn added(permission: Permission) -> RoleEvent {
    RoleEvent::PermissionAdded { permission }
}
