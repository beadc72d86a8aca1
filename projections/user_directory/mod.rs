//! Which users exist, and what do they hold?

mod holdings;
mod names;
mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub(crate) use names::NAMES;
pub use queries::{by_usernames, find, find_many, ids, is_auto_generated, page, usernames};
pub(crate) use reducer::UserDirectory;
pub use rows::UserRow;
