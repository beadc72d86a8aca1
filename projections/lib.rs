//! The read side: everything that a client reads is a projection of the ledger.

pub mod guard;
pub mod loading;
pub mod page;
pub mod permission_usage;
pub mod read_models;
pub mod role_directory;
pub mod sessions;
pub mod store;
pub mod user_directory;

pub use guard::{GUARDS, Guards, Veto};
pub use page::{Page, Paged};
pub use store::{rebuild, sql};
