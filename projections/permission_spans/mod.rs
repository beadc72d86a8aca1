//! What did a role give at a position of the ledger? One row for each time that a role had a permission.

mod queries;
pub(crate) mod record;
mod reducer;

pub use queries::{Life, ROLES_AT_ONCE, Time, Touched, counts, first_given, lives, names, touched};
pub(crate) use reducer::PermissionSpans;
