//! What a user holds that nobody else may hold, and what others must hold for it.

use std::collections::BTreeSet;

use super::User;
use crate::claim::{self, Claim, Claims};

impl Claims for User {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        if !self.exists() {
            return BTreeSet::new();
        }
        let mut claims = BTreeSet::from([
            Claim::new(claim::USER, aggregate_id),
            Claim::new(claim::USERNAME, &self.username),
        ]);
        claims.extend(
            self.certificates
                .keys()
                .map(|fingerprint| Claim::new(claim::CERTIFICATE, fingerprint.to_string())),
        );
        let sole = self.roles.iter().filter(|(_, exclusive)| **exclusive);
        claims.extend(sole.map(|(role_id, _)| Claim::new(claim::SOLE_HOLDER, role_id.to_string())));
        if self.administers() {
            claims.insert(Claim::new(claim::ADMINISTRATOR, aggregate_id));
        }
        claims
    }

    fn requires(&self) -> BTreeSet<Claim> {
        self.roles
            .keys()
            .map(|role_id| Claim::new(claim::ROLE, role_id.to_string()))
            .collect()
    }
}
