//! OAuth 2.0: service accounts and their tokens (RFC 6749 section 4.4, RFC 8705), other tokens for a token (RFC 8693), what a token means to others (RFC 7662), how it ends
//! (RFC 7009), and who this server is (RFC 8414).

mod authorization;
mod client;
mod client_credentials;
mod exchange;
mod introspect;
mod issuer;
mod revoke;
pub mod service_accounts;
mod users;

pub use authorization::ClientAuthorization;
pub(crate) use client::{Client, authenticate_client};
pub use client::{INVALID_CLIENT, Shown, prove_client};
pub use client_credentials::client_credentials;
pub use exchange::{EXCHANGED_FOR, exchange};
pub use introspect::{Introspected, introspect};
pub use issuer::issuer;
pub use revoke::revoke;
pub(crate) use users::{for_service_accounts, must_give_no_password};
