//! Which tokens are issued, and to whom?

mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub(crate) use queries::of_users;
pub use queries::{find, find_by_fingerprint, number_of_user, of_user};
pub(crate) use reducer::Sessions;
pub use rows::SessionRow;
