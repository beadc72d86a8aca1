//! Which roles are there, what do they allow, and who holds them?

mod queries;
mod rows;

pub use queries::{existing, find, find_permission, holders, list, page};
pub use rows::{ExistingRole, HolderRow, RolePageRow, RoleRow};
