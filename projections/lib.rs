//! The read side: what anyone reads is a projection of the ledger.

mod counted_lists;
pub mod loading;
pub mod ordered_lists;
pub mod page;
pub mod permission_usage;
pub mod read_models;
pub mod rebuild;
pub mod role_directory;
pub mod sessions;
pub mod sql;
pub mod tables;
pub mod user_directory;

pub use page::{Page, Paged};
