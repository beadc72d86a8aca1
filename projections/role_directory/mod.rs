//! Which roles are there, what do they allow, and who holds them?

mod details;
mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub(crate) use details::with_permissions;
pub use queries::{existing, find, find_permission, holder_ids, holders, list, page};
pub use reducer::RoleDirectory;
pub use rows::{ExistingRole, HolderRow, RolePageRow, RoleRow};
