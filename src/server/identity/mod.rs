//! Identity: passwords, tokens, their keys, and the login.

pub mod keys;
mod log_in;
mod password;
pub mod passwords;
pub mod policy;
pub mod tokens;

pub use log_in::{Authenticated, IdentityError, LogIn, LoggedIn, authenticate, log_in};
pub use password::Password;
