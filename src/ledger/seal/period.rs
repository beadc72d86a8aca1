//! The keys of periods, which seal the names and addresses in refusals. Each is random, and stored wrapped under the server's key.

use std::sync::Arc;

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use zeroize::Zeroizing;

use super::{LedgerError, Sealer, open_box};

/// The key of a period.
#[derive(Clone)]
pub(in super::super) struct PeriodKey(Arc<XChaCha20Poly1305>);

fn wrapping(period: i64) -> String {
    format!("refusal key\0{period}")
}

impl Sealer {
    /// A new key for a period, in the form in which it is stored.
    pub(in super::super) fn make_period_key(&self, period: i64) -> Result<Vec<u8>, LedgerError> {
        let mut clear = Zeroizing::new([0; 32]);
        self.entropy.fill(clear.as_mut_slice());
        self.lock_box(&self.server, clear.as_slice(), &wrapping(period))
    }

    /// The key of a period, from its stored form.
    pub(in super::super) fn unwrap_period_key(
        &self,
        period: i64,
        wrapped: &[u8],
    ) -> Result<PeriodKey, LedgerError> {
        let clear = Zeroizing::new(self.open_servers(wrapped, &wrapping(period))?);
        let key = XChaCha20Poly1305::new_from_slice(&clear)
            .map_err(|_| LedgerError::Sealed("a period's key has the wrong length"))?;
        Ok(PeriodKey(Arc::new(key)))
    }

    /// Wraps the key of a period that another sealer has wrapped.
    pub(in super::super) fn wrap_period_again(
        &self,
        before: &Self,
        wrapped: &[u8],
        period: i64,
    ) -> Result<Vec<u8>, LedgerError> {
        let data = wrapping(period);
        let clear = Zeroizing::new(before.open_servers(wrapped, &data)?);
        self.lock_box(&self.server, &clear, &data)
    }

    /// Seals a text under the key of a period. The box opens only with the same `data`.
    pub(in super::super) fn seal_in_period(
        &self,
        key: &PeriodKey,
        clear: &[u8],
        data: &str,
    ) -> Result<Vec<u8>, LedgerError> {
        self.lock_box(&key.0, clear, data)
    }
}

impl PeriodKey {
    /// What [`Sealer::seal_in_period`] sealed.
    pub(in super::super) fn open(&self, boxed: &[u8], data: &str) -> Result<Zeroizing<Vec<u8>>, LedgerError> {
        open_box(&self.0, boxed, data).map(Zeroizing::new)
    }
}
