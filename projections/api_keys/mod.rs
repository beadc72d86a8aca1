//! Which API keys are there, and which groups do they have? Revoked keys have no row.

mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub use queries::{find, groups_of, of_groups, page};
pub(crate) use reducer::ApiKeys;
pub use rows::{ApiKeyRow, ApiKeySort};
