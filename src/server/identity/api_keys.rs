//! API keys: how they are made, and what the server keeps of them.

use aggregates::values::KeyDigest;
use hmac::Mac;
use ledger::{Ledger, ids::Entropy};
use zeroize::Zeroizing;

use super::second_factor::hmac;
use crate::ended::Ended;

/// How many characters of a key are kept, so that people can tell keys apart.
const PREFIX: usize = 8;

/// The API keys of a ledger.
pub(crate) struct ApiKeys {
    /// The key under which digests of API keys are made. All nodes derive the same one, and another sealing key does not change it.
    of_digests: Zeroizing<[u8; 32]>,
    refused: Ended,
}

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
        Self {
            of_digests: ledger.lasting_key_for("API keys"),
            refused: Ended::default(),
        }
    }

    /// The digests of keys that nobody had, or that had expired, when somebody used them.
    pub(crate) fn refused(&self) -> &Ended {
        &self.refused
    }

    /// What the ledger keeps of a key.
    pub(crate) fn digest(&self, secret: &str) -> KeyDigest {
        let mac = hmac(&self.of_digests).chain_update(secret.as_bytes());
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
