//! Which fields of which events are stored encrypted, and under whose key.
//!
//! The domain never sees ciphertext: the ledger seals on append and opens on load, by this table.

use serde_json::Value;

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

/// Whose key seals the personal fields of an event: the user the stream or the payload is about.
pub fn subject<'a>(aggregate_type: &str, aggregate_id: &'a str, payload: &'a Value) -> &'a str {
    match aggregate_type {
        crate::session::TYPE => payload
            .get("user_id")
            .and_then(Value::as_str)
            .unwrap_or(aggregate_id),
        _ => aggregate_id,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_session_is_about_its_user_and_a_user_about_itself() {
        let payload = json!({ "user_id": "ada" });
        assert_eq!(subject(crate::session::TYPE, "token", &payload), "ada");
        assert_eq!(subject(crate::user::TYPE, "grace", &payload), "grace");
    }

    #[test]
    fn what_is_nobodys_is_not_sealed() {
        assert!(sealed_fields("role.created").is_empty());
        assert!(sealed_fields("user.deleted").is_empty());
    }
}
