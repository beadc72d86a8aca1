//! What a role holds that no other may hold.

use std::collections::BTreeSet;

use super::Role;
use crate::claim::{self, Claim, Claims};

impl Claims for Role {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        if !self.exists() {
            return BTreeSet::new();
        }
        BTreeSet::from([
            Claim::new(claim::ROLE, aggregate_id),
            Claim::new(claim::ROLE_NAME, &self.name),
        ])
    }
}
