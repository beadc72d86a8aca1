//! What may be done to each resource, and who may do it?

mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub use queries::{MOST_USES, ids, locate, page, usage_of};
pub(crate) use reducer::PermissionUsage;
pub use rows::{LocatedPermission, ResourceRow, RightRow, UsageRow, Uses};
