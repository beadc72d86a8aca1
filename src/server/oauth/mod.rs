//! OAuth 2.0: what a token means to others (RFC 7662), how it ends (RFC 7009), and who this server is (RFC 8414).

mod introspect;
mod issuer;
mod revoke;

pub use introspect::{Introspected, introspect};
pub use issuer::issuer;
pub use revoke::revoke;
