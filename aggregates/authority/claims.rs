//! The authority claims nothing: the id of its stream makes it the only one.

use std::collections::BTreeSet;

use super::Authority;
use crate::claim::{Claim, Claims, scopes};

scopes! {}

impl Claims for Authority {
    fn claims(&self, _aggregate_id: &str) -> BTreeSet<Claim> {
        BTreeSet::new()
    }

    fn requires(&self) -> BTreeSet<Claim> {
        BTreeSet::new()
    }
}
