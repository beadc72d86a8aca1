//! The keys of a server: the one that seals now, and those that sealed before `muniment rekey` replaced them.
//!
//! The newest key wraps the older ones. A box that the newest key does not open is tried with the older ones: events and snapshots from
//! before stay as they are. The oldest key gives the hashes of claims and the keys for the code above the ledger, so neither
//! changes.

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use projections::sql::{Read, sql};
use zeroize::Zeroizing;

use super::{LedgerError, MasterKey, Sealer, lock, open_box, open_text};
use crate::ids::Entropy;

/// The keys of a server.
#[derive(Clone)]
pub(in super::super) struct Keyring {
    newest: MasterKey,
    /// The others, the newest first.
    older: Vec<MasterKey>,
}

/// A key as the table `sealing_keys` holds it: its number, and the box in which the newest key has it.
pub(in super::super) type Wrapped = (i64, Vec<u8>);

impl Keyring {
    /// A ring with one key.
    pub(in super::super) fn of(newest: &MasterKey) -> Self {
        Self {
            newest: newest.clone(),
            older: Vec::new(),
        }
    }

    /// The ring of a ledger whose newest key is this one.
    pub(in super::super) async fn load(db: &mut dyn Read, newest: &MasterKey) -> Result<Self, LedgerError> {
        let select = sql("SELECT number, wrapped_key FROM sealing_keys ORDER BY number DESC");
        let cipher = wrapping_cipher(newest);
        let mut older = Vec::new();
        for row in db.all(select).await? {
            let clear = Zeroizing::new(open_box(&cipher, &row.bytes(1)?, &wrapping(row.int(0)?))?);
            let bytes = <[u8; 32]>::try_from(clear.as_slice())
                .map_err(|_| LedgerError::Sealed("an older key of the server has the wrong length"))?;
            older.push(MasterKey::new(bytes));
        }
        Ok(Self {
            newest: newest.clone(),
            older,
        })
    }

    /// The ring after its newest key was replaced.
    pub(in super::super) fn followed_by(&self, newest: &MasterKey) -> Self {
        Self {
            newest: newest.clone(),
            older: std::iter::once(&self.newest)
                .chain(&self.older)
                .cloned()
                .collect(),
        }
    }

    /// The older keys, wrapped under the newest one. The oldest has number 1.
    pub(in super::super) fn wrapped(&self, entropy: &dyn Entropy) -> Result<Vec<Wrapped>, LedgerError> {
        let cipher = wrapping_cipher(&self.newest);
        let oldest_first = self.older.iter().rev().zip(1..);
        let wrapped = oldest_first.map(|(key, number)| {
            let boxed = lock(entropy, &cipher, key.bytes(), &wrapping(number))?;
            Ok((number, boxed))
        });
        wrapped.collect()
    }

    /// The key that seals now.
    pub(super) fn newest(&self) -> &MasterKey {
        &self.newest
    }

    /// The key from which everything is derived that must never change.
    pub(super) fn oldest(&self) -> &MasterKey {
        self.older.last().unwrap_or(&self.newest)
    }

    /// What seals and opens secret fields, the newest first.
    pub(super) fn ciphers(&self) -> (XChaCha20Poly1305, Vec<XChaCha20Poly1305>) {
        let cipher = |key: &MasterKey| XChaCha20Poly1305::new(key.derive("seal").as_slice().into());
        (cipher(&self.newest), self.older.iter().map(cipher).collect())
    }
}

impl Sealer {
    /// A key for a purpose of the code above the ledger, for what the ledger keeps. It stays the same when the server's key is replaced.
    pub(in super::super) fn lasting_key_for(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        self.oldest.derive_above(purpose)
    }

    /// The same, for what lives for a short time. It is another one when the server's key is replaced, so a key that was disclosed before
    /// gives nothing.
    pub(in super::super) fn present_key_for(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        self.newest.derive_above(purpose)
    }

    /// Opens a box of the server, whichever of its keys sealed it.
    pub(super) fn open_servers(&self, boxed: &[u8], data: &str) -> Result<Vec<u8>, LedgerError> {
        self.with_each(|key| open_box(key, boxed, data))
    }

    /// The same, for the text of a box.
    pub(super) fn open_servers_text(&self, boxed: &str, data: &str) -> Result<Vec<u8>, LedgerError> {
        self.with_each(|key| open_text(key, boxed, data))
    }

    fn with_each(
        &self,
        open: impl Fn(&XChaCha20Poly1305) -> Result<Vec<u8>, LedgerError>,
    ) -> Result<Vec<u8>, LedgerError> {
        let newest = open(&self.server);
        if newest.is_ok() {
            return newest;
        }
        let opened = self.older.iter().find_map(|key| open(key).ok());
        opened.map_or(newest, Ok)
    }
}

fn wrapping_cipher(key: &MasterKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.derive("older keys").as_slice().into())
}

fn wrapping(number: i64) -> String {
    format!("older key\0{number}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ids::SystemEntropy;

    #[test]
    fn a_new_key_changes_what_lives_shortly_and_nothing_that_is_kept() {
        let first = Keyring::of(&MasterKey::new([1; 32]));
        let second = first.followed_by(&MasterKey::new([2; 32]));
        let third = second.followed_by(&MasterKey::new([3; 32]));
        let of = |ring: &Keyring| {
            let sealer = Sealer::new(ring, Arc::new(SystemEntropy));
            (sealer.lasting_key_for("x"), sealer.present_key_for("x"))
        };
        let [first, second, third] = [&first, &second, &third].map(of);
        assert!(first.0 == second.0 && second.0 == third.0);
        assert!(first.1 != second.1 && second.1 != third.1 && first.1 != third.1);
    }
}
