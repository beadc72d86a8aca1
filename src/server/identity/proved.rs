//! Passwords that were compared lately and were right, so that a device that connects again costs no hash.
//!
//! The memory has no password and no hash of one. It has a keyed digest, whose key exists in this process alone. An entry
//! counts only while [`Authorization::still_proved`] says that nothing has ended what the password proved: the engine says
//! so by positions, so nobody has to remove an entry when a user changes.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use aggregates::values::{GrantMethod, PasswordHash, UserId};
use authorization::Authorization;
use hmac::{Hmac, Mac};
use ledger::ids::Entropy;
use sha2::Sha256;

/// How many users each of the two generations has at most.
const MOST: usize = 100_000;
/// The same for the hashes that were compared lately.
const MOST_HASHES: usize = 16_384;

/// A keyed digest of a password.
type Digest = [u8; 32];

/// A password that was right.
#[derive(Clone, Copy, Debug)]
struct Proof {
    digest: Digest,
    /// A position that the ledger had reached before the password was compared.
    position: i64,
}

/// The passwords that this process compared lately.
pub(crate) struct Proved {
    /// As long as a block of SHA-256.
    key: [u8; 64],
    users: Mutex<Generations<Proof>>,
}

/// The hashes that this process compared lately. A login that is refused reads nothing else about its user, so the time of the refusal
/// does not tell how much the server knows about them.
pub(crate) struct Hashes(Mutex<Generations<(PasswordHash, i64)>>);

impl Default for Hashes {
    fn default() -> Self {
        Self(Mutex::new(Generations::new(MOST_HASHES)))
    }
}

impl Hashes {
    /// The user's hash, if nothing has changed it since, and the user may still log in by it.
    pub(crate) fn find(&self, authorization: &Authorization, user: UserId) -> Option<PasswordHash> {
        let (hash, position) = self.users().find(user)?;
        authorization
            .still_proved(user, GrantMethod::Password, position)
            .then_some(hash)
    }

    /// Remembers the hash of a user who may log in by it. It was read after the ledger had reached `position`.
    pub(crate) fn remember(&self, user: UserId, hash: &PasswordHash, position: i64) {
        self.users().put(user, (hash.clone(), position));
    }

    /// Forgets the hash of a user.
    pub(crate) fn forget(&self, user: UserId) {
        self.users().remove(user);
    }

    fn users(&self) -> MutexGuard<'_, Generations<(PasswordHash, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Users with the password that was right. When the young generation is full, it becomes the old one, and the old one is
/// forgotten. A user whose entry is used stays young.
#[derive(Debug)]
struct Generations<T> {
    most: usize,
    young: HashMap<UserId, T>,
    old: HashMap<UserId, T>,
}

impl Proved {
    /// An empty memory with a key of its own.
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let mut key = [0; 64];
        entropy.fill(&mut key);
        Self {
            key,
            users: Mutex::new(Generations::new(MOST)),
        }
    }

    /// Whether this text was compared with the user's password and was right, and nothing has ended that since: it is still enough.
    pub(crate) fn has(&self, authorization: &Authorization, user: UserId, typed: &str) -> bool {
        let Some(proof) = self.users().find(user) else {
            return false;
        };
        self.mac(user, typed).verify_slice(&proof.digest).is_ok()
            && authorization.still_proved(user, GrantMethod::Password, proof.position)
            && !authorization.has_second_factor(user)
    }

    /// Remembers that this text is the user's password. It was compared after the ledger had reached `position`.
    pub(crate) fn remember(&self, user: UserId, typed: &str, position: i64) {
        let digest = self.mac(user, typed).finalize().into_bytes().into();
        self.users().put(user, Proof { digest, position });
    }

    fn users(&self) -> MutexGuard<'_, Generations<Proof>> {
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mac(&self, user: UserId, typed: &str) -> Hmac<Sha256> {
        let mac: Hmac<Sha256> = Hmac::new(&self.key.into());
        mac.chain_update(user.0.as_bytes()).chain_update(typed)
    }
}

impl<T: Clone> Generations<T> {
    fn new(most: usize) -> Self {
        Self {
            most,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    fn find(&mut self, user: UserId) -> Option<T> {
        if let Some(entry) = self.young.get(&user) {
            return Some(entry.clone());
        }
        let entry = self.old.remove(&user)?;
        self.put(user, entry.clone());
        Some(entry)
    }

    fn put(&mut self, user: UserId, entry: T) {
        if self.young.len() >= self.most && !self.young.contains_key(&user) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(user, entry);
    }

    fn remove(&mut self, user: UserId) {
        self.young.remove(&user);
        self.old.remove(&user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        UserId(uuid::Uuid::from_u128(number as u128))
    }

    #[test]
    fn the_memory_has_a_bound_and_keeps_whom_it_needs() {
        let mut users = Generations::new(MOST);
        let proof = Proof {
            digest: [0; 32],
            position: 1,
        };
        for number in 0..3 * MOST {
            users.put(user(number), proof);
            assert!(users.find(user(0)).is_some(), "used after {number} others");
            assert!(users.young.len() <= MOST && users.old.len() <= MOST);
        }
        assert!(users.find(user(1)).is_none());
    }
}
