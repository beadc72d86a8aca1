//! API keys: how they are made, and what the server keeps of them.

use aggregates::values::KeyDigest;
use hmac::Mac;
use ledger::{Ledger, ids::Entropy};
use zeroize::Zeroizing;

use super::second_factor::hmac;

/// How many characters of a key are kept, so that people can tell keys apart.
const PREFIX: usize = 8;

/// The key under which digests of API keys are made. All nodes derive the same one, and another sealing key does not change it.
pub(crate) struct ApiKeys(Zeroizing<[u8; 32]>);

/// A new API key. It is shown once.
pub struct NewApiKey {
    /// The key.
    pub secret: Zeroizing<String>,
    /// Its first characters.
    pub prefix: String,
    /// What the ledger keeps of it.
    pub digest: KeyDigest,
}

impl ApiKeys {
    /// The keys of a ledger.
    pub(crate) fn new(ledger: &Ledger) -> Self {
        Self(ledger.lasting_key_for("API keys"))
    }

    /// What the ledger keeps of a key.
    pub(crate) fn digest(&self, secret: &str) -> KeyDigest {
        let mac = hmac(&self.0).chain_update(secret.as_bytes());
        KeyDigest::new(mac.finalize().into_bytes().into())
    }

    /// Draws a key in the form of a UUID (version 4), which has 122 random bits, as os2iot clients expect
    /// (contracts/os2iot.md section 1.2).
    pub(crate) fn draw(&self, entropy: &dyn Entropy) -> NewApiKey {
        let secret = Zeroizing::new(entropy.uuid().hyphenated().to_string());
        NewApiKey {
            prefix: secret.chars().take(PREFIX).collect(),
            digest: self.digest(&secret),
            secret,
        }
    }
}
