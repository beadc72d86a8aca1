//! People on the face of Nx: their accounts. Each function here is one change or question that the face offers, with its rules.

mod account;
mod users;

pub use account::{Profile, change, profile};
pub(crate) use users::for_nx_accounts;
