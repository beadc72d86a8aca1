//! `/api`: the connectware face.

mod list_users;
mod login;
mod permissions;
mod roles;
mod session;
mod users;
