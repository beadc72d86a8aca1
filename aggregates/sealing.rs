//! Which fields of which events are stored encrypted, and under whose key.
//!
//! The domain never sees ciphertext: the ledger seals on append and opens on load, by this table.

/// How a field is kept from readers of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seal {
    /// Under the server's key: password hashes and the like. Never shown to anyone.
    Secret,
    /// Under the key of the person it is about. Erasing that key erases the value.
    Personal,
}

/// What a personal value reads as once its subject's key is erased.
pub const ERASED: &str = "[erased]";

/// The sealed fields of an event type, all at the top level of the payload.
pub fn sealed_fields(event_type: &str) -> &'static [(&'static str, Seal)] {
    match event_type {
        "user.created" => &[("username", Seal::Personal), ("password_hash", Seal::Secret)],
        "user.renamed" => &[("username", Seal::Personal)],
        "user.password_changed" | "user.password_set" | "user.password_rehashed" => {
            &[("password_hash", Seal::Secret)]
        }
        "session.token_issued" => &[("label", Seal::Personal)],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nobodys_is_not_sealed() {
        assert!(sealed_fields("role.created").is_empty());
        assert!(sealed_fields("user.deleted").is_empty());
    }
}
