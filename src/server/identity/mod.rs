//! Identity: passwords, tokens, their keys, and the login.

mod failures;
pub mod keys;
mod log_in;
mod password;
pub mod passwords;
pub mod policy;
mod proved;
pub mod tokens;

pub use failures::{clear_failures, keep_clearing, look_for_clearings, recall_logins};
pub use log_in::{Authenticated, Confirmed, IdentityError, LogIn, LoggedIn, authenticate, confirm, log_in};
pub(crate) use log_in::{authenticate_beside, authenticate_device};
pub use password::Password;
pub(crate) use proved::{Hashes, Proved};
