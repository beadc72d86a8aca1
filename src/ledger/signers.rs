//! Signers: which keys sign the tokens of this ledger.
//!
//! Nodes with different signing keys would sometimes refuse each other's tokens, depending on which node is asked. So
//! the first node that starts stores its key, and a node with another key refuses to start. Key rotation will add a
//! second row.

use projections::sql::sql;

use super::{Ledger, LedgerError};
use crate::clock::Clock;

/// The public half of a signing key.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// The key's thumbprint (RFC 7638).
    pub key_id: &'a str,
    /// The key in base64url.
    pub public_key: &'a str,
}

impl Ledger {
    /// Admits a node that signs with this key. The first key is stored; any other key is an error.
    pub async fn admit_signer(&self, signer: Signer<'_>, clock: &dyn Clock) -> Result<(), LedgerError> {
        let first = sql(
            "INSERT INTO signing_keys (number, key_id, public_key, added_at) VALUES (1, $1, $2, $3) \
             ON CONFLICT DO NOTHING",
        )
        .bind(signer.key_id)
        .bind(signer.public_key)
        .bind(clock.now().micros());
        self.db.execute(first).await?;
        let known = sql("SELECT number FROM signing_keys WHERE key_id = $1").bind(signer.key_id);
        self.db
            .optional(known)
            .await?
            .map(drop)
            .ok_or(LedgerError::WrongSigningKey)
    }
}
