//! The tokens that this server signed and that had ended when somebody used them; and the same of API keys and the secrets of service accounts.
//!
//! A token that the memory does not know may have been issued by another node a moment ago, so the server looks at the
//! ledger's head for it. A token that ended stays ended: the server looks once for each token, and not for each request. A key that expired
//! may be prolonged: if another node does that, this one refuses the key until it has read the event.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How many tokens are remembered. Then the memory is emptied, and the server looks again.
const REMEMBERED: usize = 10_000;

/// The digests of such tokens.
#[derive(Default)]
pub(crate) struct Ended(Mutex<HashSet<[u8; 32]>>);

impl Ended {
    /// Whether the token had ended when it was used before.
    pub(crate) fn has(&self, digest: &[u8; 32]) -> bool {
        self.digests().contains(digest)
    }

    /// Remembers a token that this server signed and that the ledger does not know at its head.
    pub(crate) fn add(&self, digest: [u8; 32]) {
        let mut digests = self.digests();
        if digests.len() >= REMEMBERED {
            digests.clear();
        }
        digests.insert(digest);
    }

    fn digests(&self) -> MutexGuard<'_, HashSet<[u8; 32]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_has_a_bound() {
        let ended = Ended::default();
        let digest = |number: usize| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            digest
        };
        for number in 0..=REMEMBERED {
            assert!(!ended.has(&digest(number)));
            ended.add(digest(number));
            assert!(ended.has(&digest(number)));
            assert!(ended.digests().len() <= REMEMBERED);
        }
    }
}
