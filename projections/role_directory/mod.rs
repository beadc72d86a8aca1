//! Which roles exist, what do they allow, and who holds them?

mod details;
mod guard;
mod names;
mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub(crate) use details::{Shown, with_permissions};
pub use guard::HELD_BY_SEVERAL;
pub(crate) use guard::HeldBySeveral;
pub(crate) use names::NAMES;
pub(crate) use queries::holder_ids;
pub use queries::{HoldersPart, existing, find, find_permission, holders, holders_after, list, page};
pub(crate) use reducer::RoleDirectory;
pub use rows::{ExistingRole, HolderRow, PERMISSIONS_ON_A_PAGE, RolePageRow, RoleRow};
