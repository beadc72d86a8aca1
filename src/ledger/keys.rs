//! The server's master key, and the keys that are derived from it.

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// 32 bytes from which the sealing key, the claims key and the key check are derived (HKDF, RFC 5869).
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// A key with these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes of the key. Write them only where nobody but the owner can read them.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Derives a key for one purpose.
    pub(super) fn derive(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let expanded = Hkdf::<Sha256>::new(Some(b"muniment"), self.0.as_slice());
        // HKDF can give far more than 32 bytes, so this cannot fail.
        let _ = expanded.expand(purpose.as_bytes(), key.as_mut_slice());
        key
    }

    /// Derives a key for a purpose of the code above the ledger.
    pub(super) fn derive_above(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        self.derive(&format!("server\0{purpose}"))
    }

    /// What the head row stores to recognise this key.
    pub(super) fn check(&self, ledger_id: &str) -> [u8; 32] {
        keyed_hash(&self.derive("key check"), ledger_id)
    }
}

/// HMAC-SHA-256 (RFC 2104) of a text.
pub(super) fn keyed_hash(key: &[u8; 32], text: &str) -> [u8; 32] {
    // HMAC takes keys of any length, so this cannot fail.
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().into()
        }
        Err(_) => [0; 32],
    }
}
