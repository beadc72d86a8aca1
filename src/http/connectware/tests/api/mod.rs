//! `/api`: the connectware face.

mod certificates;
mod client_registry;
mod ended_sessions;
pub(crate) mod giving;
mod list_users;
mod login;
mod names;
mod password_policy;
mod permissions;
mod roles;
mod session;
mod users;
