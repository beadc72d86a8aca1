//! Which certificates did this server issue, and which of them are revoked?

mod guard;
mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub use guard::{NAMED, REVOKED};
pub(crate) use guard::{NamesStay, RevokedStaysSo};
pub use queries::{
    MOST_EXPIRING, Newest, Revoked, expiring, find, newest_revocation, of_issuer, of_user, page,
    revoked_between,
};
pub(crate) use reducer::IssuedCertificates;
pub use rows::IssuedRow;
