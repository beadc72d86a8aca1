//! The questions about permissions.

use aggregates::values::PermissionId;

use super::{LocatedPermission, ResourceRow, RightRow};
use crate::{
    page::{Page, Paged},
    sql::{Db, Error},
};

/// A page of the resources that permissions name, each with its uses, the resource named first coming first.
/// With `ids`, only these permissions count.
pub async fn page(db: &Db, page: &Page, ids: Option<&[PermissionId]>) -> Result<Paged<ResourceRow>, Error> {
    todo!()
}

/// The ids of all permissions, put together where they say the same; oldest first.
pub async fn ids(db: &Db) -> Result<Vec<RightRow>, Error> {
    todo!()
}

/// Where these permissions are. Unknown ones are simply absent.
pub async fn locate(db: &Db, ids: &[PermissionId]) -> Result<Vec<LocatedPermission>, Error> {
    todo!()
}
