//! What a public key requires.

use std::collections::BTreeSet;

use super::CertifiedKey;
use crate::claim::{Claim, Claims, scopes};

scopes! {}

/// Nothing: the id of the stream keeps a key to one user, and the event by which a user holds a certificate requires the user.
impl Claims for CertifiedKey {
    fn claims(&self, _aggregate_id: &str) -> BTreeSet<Claim> {
        BTreeSet::new()
    }

    fn requires(&self) -> BTreeSet<Claim> {
        BTreeSet::new()
    }
}
