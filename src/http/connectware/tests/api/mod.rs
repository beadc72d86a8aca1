//! `/api`: the connectware face.

mod list_users;
mod login;
mod names;
mod password_policy;
mod permissions;
mod roles;
mod session;
mod users;
