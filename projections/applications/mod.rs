//! Which applications are there? Any page of all of them, or of those of one organisation, costs the same in each order.

mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub use queries::{filtered, find, find_many, owners, page};
pub(crate) use reducer::Applications;
pub use rows::{ApplicationFilter, ApplicationRow, ApplicationSort, ApplicationsAmong};
