//! The commands for a role.

use std::collections::BTreeSet;

use crate::values::{
    AccountKind, ApplicationId, GroupId, Level, Operation, OrganisationId, Permission, PermissionId,
    RoleName, Title, TopicFilter,
};

/// A command for one role. The caller supplies new ids.
#[derive(Clone, Debug)]
pub enum RoleCommand {
    /// Create the role.
    Create(CreateRole),
    /// Change the fields that are given; leave the rest.
    Update(UpdateRole),
    /// Add a permission.
    AddPermission(Permission),
    /// Change a permission; its context stays.
    ChangePermission {
        /// The permission to change.
        id: PermissionId,
        /// The new pattern; `None` leaves it.
        resource: Option<TopicFilter>,
        /// The new operation; `None` leaves it.
        operation: Option<Operation>,
    },
    /// Remove a permission.
    RemovePermission {
        /// The permission to remove.
        id: PermissionId,
    },
    /// Delete the role. Its holders lose it, too.
    Delete,
    /// Make a group.
    FormGroup(FormGroup),
    /// Change the fields of a group that are given; leave the rest.
    ChangeGroup(ChangeGroup),
    /// Attach an application to a group. Groups whose levels give no applications stay as they are.
    AttachApplication {
        /// The group.
        id: GroupId,
        /// The application, which must be of the group's organisation.
        application: ApplicationId,
    },
    /// Detach an application from a group.
    DetachApplication {
        /// The group.
        id: GroupId,
        /// The application.
        application: ApplicationId,
    },
    /// Delete a group. Its members lose it, too.
    DissolveGroup,
    /// Make the role of an account kind.
    MakeAccountKind(AccountKind),
    /// Give the role of an account kind exactly the permissions of the catalogue.
    UpdateAccountKind(AccountKind),
}

/// The fields of a new role.
#[derive(Clone, Debug)]
pub struct CreateRole {
    /// The name, unique among roles.
    pub name: RoleName,
    /// Whether more than one user may hold the role.
    pub is_shared: bool,
    /// Whether a service made the role.
    pub auto_generated: bool,
    /// Whether the role can never change, like the administrator role.
    pub protected: bool,
    /// The permissions that the role gives.
    pub permissions: Vec<Permission>,
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct UpdateRole {
    /// The new name, as somebody typed it. It is judged only if the role has another name: names of older roles may break today's
    /// rules.
    pub name: Option<String>,
    /// Whether several users may hold the role.
    pub is_shared: Option<bool>,
    /// The exact permissions of the role from now on. A right that the role has already keeps its id.
    pub permissions: Option<Vec<Permission>>,
}

/// The fields of a new group.
#[derive(Clone, Debug)]
pub struct FormGroup {
    /// The id of the group. The ids of its permissions follow from it.
    pub id: GroupId,
    /// The name. Groups may share a name.
    pub name: Title,
    /// The organisation; `None` for the group of global administrators.
    pub organisation: Option<OrganisationId>,
    /// The levels, each once. Only the group without an organisation is global.
    pub levels: Vec<Level>,
    /// Whether new applications of the organisation are attached.
    pub adds_new_applications: bool,
    /// The applications to attach, which must be of the organisation.
    pub applications: BTreeSet<ApplicationId>,
}

/// What to change of a group; `None` leaves a field as it is.
#[derive(Clone, Debug)]
pub struct ChangeGroup {
    /// The id of the group.
    pub id: GroupId,
    /// The new name.
    pub name: Option<Title>,
    /// Whether new applications of the organisation are attached.
    pub adds_new_applications: Option<bool>,
    /// The exact applications from now on, which must be of the group's organisation.
    pub applications: Option<BTreeSet<ApplicationId>>,
}
