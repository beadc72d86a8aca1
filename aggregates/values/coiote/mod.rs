//! The rights of the API of Coiote IoT DM: one permission for each endpoint, the account kinds that have them, and the tree of domains
//! (contracts/coiote.md section 3, design/authorization-models.md).
//!
//! A right on an endpoint is a pattern such as `coiote/GET/devices/{id}`: the method, and the template as the source document writes it.
//! A right in a domain is a pattern such as `domain/a/#`. Both are in context `http`, below a first level of their own.

mod account_kind;
mod endpoint;
mod wire;

use super::Operation;

pub use account_kind::AccountKind;
pub use endpoint::{ENDPOINTS, Endpoint};
pub use wire::{domain_name, pattern, written};

/// Beginning of all patterns for endpoints.
pub const COIOTE: &str = "coiote";
/// Beginning of all patterns for domains.
pub const DOMAIN: &str = "domain";

/// The operation that a method needs: GET and HEAD read, all others write.
pub fn operation_of(method: &str) -> Operation {
    match method {
        "GET" | "HEAD" => Operation::Read,
        _ => Operation::Write,
    }
}
