//! Identity: passwords, tokens and the keys behind them, and logging in.

pub mod keys;
mod log_in;
pub mod passwords;
pub mod policy;
pub mod tokens;

pub use log_in::{Authenticated, IdentityError, LogIn, LoggedIn, authenticate, log_in};
