//! Which organisations are there?

mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub use queries::{find, find_many, page};
pub(crate) use reducer::Organisations;
pub use rows::{OrganisationRow, OrganisationSort};
