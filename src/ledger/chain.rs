//! The chain: each event's hash covers the hash before it and the event as an auditor receives it.
//!
//! `hash = SHA-256(previous hash ‖ JCS(event))`, where the event is the CloudEvents object of the export without its
//! `hash`, JCS is RFC 8785, and the hash before the first event is [`GENESIS`].

use sha2::{Digest, Sha256};

/// The hash before the first event.
pub const GENESIS: [u8; 32] = [0; 32];

/// The hash of an event whose canonical form is `canonical`, after `previous`.
pub fn event_hash(previous: &[u8; 32], canonical: &[u8]) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(previous);
    digest.update(canonical);
    digest.finalize().into()
}

/// Lower-case hexadecimal.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
