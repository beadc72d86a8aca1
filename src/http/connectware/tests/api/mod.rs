//! `/api`: the connectware face.

mod certificates;
mod client_registry;
mod ended_sessions;
pub(crate) mod giving;
mod list_users;
mod login;
mod mfa;
mod must_change;
mod names;
mod no_way_round;
mod password_policy;
mod permissions;
mod roles;
mod session;
mod users;
