//! Which users are there, and what do they hold?

mod queries;
mod rows;

pub use queries::{by_usernames, find, find_many, ids, page, usernames};
pub use rows::UserRow;
