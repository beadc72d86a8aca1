//! Which service accounts are there? Those that were closed, or whose user was revoked or deleted, have no row.

mod queries;
mod record;
mod reducer;
mod rows;

pub use queries::{find, find_all, page};
pub(crate) use reducer::ServiceAccounts;
pub use rows::ServiceAccountRow;
