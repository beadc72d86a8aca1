//! Which certificates did this server issue, and which of them are revoked?

mod guard;
mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub use guard::REVOKED;
pub(crate) use guard::RevokedStaysSo;
pub use queries::{MOST_EXPIRING, Revoked, expiring, find, of_issuer, of_user, page, revoked_since};
pub(crate) use reducer::IssuedCertificates;
pub use rows::IssuedRow;
