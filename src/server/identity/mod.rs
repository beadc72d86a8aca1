//! Identity: passwords, tokens, their keys, and the login.

pub mod api_keys;
mod audiences;
mod authenticate;
mod change_password;
mod client_secrets;
mod expiry;
mod failures;
mod issue;
pub mod keys;
mod log_in;
mod password;
pub mod passwords;
mod proved;
pub mod second_factor;
pub mod sign_in;
pub mod tokens;

pub use audiences::Audiences;
pub use authenticate::{Authenticated, Confirmed, IdentityError, PasswordProved, authenticate, confirm};
pub(crate) use authenticate::{authenticate_beside, authenticate_device};
pub use change_password::{WRONG_PASSWORD, change_password};
pub(crate) use client_secrets::ClientSecrets;
pub use failures::{clear_failures, keep_clearing, look_for_clearings, recall_logins};
pub(crate) use issue::{Issue, is_conflict};
pub use issue::{Lifetime, LoggedIn};
pub use log_in::{ByPassword, Completion, Half, LogIn, Owing, complete_log_in, log_in, log_in_without_code};
pub use password::Password;
pub(crate) use proved::{Hashes, Proved};
