//! The questions about roles.

use aggregates::values::{Permission, PermissionId, RoleId};

use super::{ExistingRole, HolderRow, RolePageRow, RoleRow};
use crate::{
    page::{Page, Paged},
    sql::{Db, Error},
};

/// The role of this id.
pub async fn find(db: &Db, id: RoleId) -> Result<Option<RoleRow>, Error> {
    todo!()
}

/// All roles, or those of this name, oldest first. Beside a role of that name there may be the one of the own
/// permissions of a user who is called the same.
pub async fn list(db: &Db, name: Option<&str>) -> Result<Vec<RoleRow>, Error> {
    todo!()
}

/// A page of the roles that pass all filters given, oldest first.
pub async fn page(
    db: &Db,
    page: &Page,
    names: Option<&[String]>,
    auto_generated: Option<bool>,
    shared: Option<bool>,
) -> Result<Paged<RolePageRow>, Error> {
    todo!()
}

/// A permission of a role.
pub async fn find_permission(db: &Db, role: RoleId, id: PermissionId) -> Result<Option<Permission>, Error> {
    todo!()
}

/// Those of these roles that exist, oldest first.
pub async fn existing(db: &Db, ids: &[RoleId]) -> Result<Vec<ExistingRole>, Error> {
    todo!()
}

/// Who holds a role, at most `limit` of them, in the order in which they were given it.
pub async fn holders(db: &Db, role: RoleId, limit: i64) -> Result<Vec<HolderRow>, Error> {
    todo!()
}
