//! What may be done to which resource, and by whom?

mod queries;
mod rows;

pub use queries::{ids, locate, page};
pub use rows::{LocatedPermission, ResourceRow, RightRow, UsageRow};
