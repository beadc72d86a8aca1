//! The claims that a sign-in requires others to hold.

use std::collections::BTreeSet;

use super::SignIn;
use crate::{
    claim::{Claim, Claims, scopes},
    user::claims::USER,
};

scopes! {}

impl Claims for SignIn {
    fn claims(&self, _: &str) -> BTreeSet<Claim> {
        BTreeSet::new()
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let user = self.user_id.filter(|_| self.is_live());
        user.map(|user_id| Claim::new(USER, user_id.to_string()))
            .into_iter()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sign_in::tests::{begun, ended},
        testing::{folded, user_id},
    };

    #[test]
    fn a_live_sign_in_needs_its_user() {
        let live: SignIn = folded(begun());
        assert_eq!(live.claims("7"), BTreeSet::new());
        let user = Claim::new(USER, user_id(1).to_string());
        assert_eq!(live.requires(), BTreeSet::from([user]));
        for other in [SignIn::default(), folded(ended())] {
            assert_eq!(other.requires(), BTreeSet::new());
        }
    }
}
