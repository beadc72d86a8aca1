//! `/api`: the connectware face.

mod events;
mod list_users;
mod login;
mod permissions;
mod roles;
mod session;
mod users;
