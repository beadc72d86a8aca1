//! What others must hold for a session to be.

use std::collections::BTreeSet;

use super::Session;
use crate::claim::{self, Claim, Claims};

impl Claims for Session {
    fn claims(&self, _aggregate_id: &str) -> BTreeSet<Claim> {
        BTreeSet::new()
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let user = self.user_id.filter(|_| self.is_live());
        user.map(|user_id| Claim::new(claim::USER, user_id.to_string()))
            .into_iter()
            .collect()
    }
}
