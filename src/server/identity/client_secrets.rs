//! The secrets of service accounts: how they are made, and what the server keeps of them.

use aggregates::{service_account::ServiceAccountId, values::KeyDigest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::Mac;
use ledger::{Ledger, ids::Entropy};
use zeroize::Zeroizing;

use super::second_factor::hmac;
use crate::ended::Ended;

/// How many bytes of a secret are random.
const RANDOM: usize = 32;
/// How many characters of a secret are kept, so that people can tell secrets apart.
const PREFIX: usize = 6;

/// The secrets of a ledger.
pub(crate) struct ClientSecrets {
    /// The key under which digests are made. All nodes derive the same one, and another sealing key does not change it.
    of_digests: Zeroizing<[u8; 32]>,
    /// What was refused, as [`ClientSecrets::claim`] names it.
    refused: Ended,
}

/// A new secret. It is shown once.
pub(crate) struct NewClientSecret {
    pub(crate) secret: Zeroizing<String>,
    pub(crate) prefix: String,
    pub(crate) digest: KeyDigest,
}

impl ClientSecrets {
    /// The secrets of a ledger.
    pub(crate) fn new(ledger: &Ledger) -> Self {
        Self {
            of_digests: ledger.lasting_key_for("client secrets"),
            refused: Ended::default(),
        }
    }

    /// What the ledger keeps of a secret.
    pub(crate) fn digest(&self, secret: &str) -> KeyDigest {
        let mac = hmac(&self.of_digests).chain_update(secret.as_bytes());
        KeyDigest::new(mac.finalize().into_bytes().into())
    }

    /// Names the claim that a service account has a secret. Secrets are drawn, so a claim that was wrong once stays wrong.
    pub(crate) fn claim(&self, id: ServiceAccountId, secret: &str) -> [u8; 32] {
        let mac = hmac(&self.of_digests).chain_update(id.0.as_bytes());
        mac.chain_update(secret.as_bytes()).finalize().into_bytes().into()
    }

    /// The claims that were wrong when somebody made them. The server looks at the ledger once for each, and not for each request.
    pub(crate) fn refused(&self) -> &Ended {
        &self.refused
    }

    /// Draws a secret of 256 random bits. It has only characters that need no encoding in a form: not all clients encode it in
    /// `Authorization: Basic` as RFC 6749 section 2.3.1 wants it.
    pub(crate) fn draw(&self, entropy: &dyn Entropy) -> NewClientSecret {
        let mut random = Zeroizing::new([0; RANDOM]);
        entropy.fill(random.as_mut());
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_ref()));
        NewClientSecret {
            prefix: secret.chars().take(PREFIX).collect(),
            digest: self.digest(&secret),
            secret,
        }
    }
}
