//! Which tokens are out, and whose are they?

mod queries;
mod rows;

pub use queries::{find, find_by_fingerprint, of_user};
pub use rows::SessionRow;
