//! The claims that a service account requires others to hold.

use std::collections::BTreeSet;

use super::ServiceAccount;
use crate::{
    claim::{Claim, Claims, scopes},
    user::claims::USER,
};

scopes! {}

impl Claims for ServiceAccount {
    fn claims(&self, _: &str) -> BTreeSet<Claim> {
        BTreeSet::new()
    }

    /// The account acts as a user.
    fn requires(&self) -> BTreeSet<Claim> {
        let user = self.user.into_iter();
        user.map(|user| Claim::new(USER, user.to_string())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        service_account::{ServiceAccountEvent, tests::opened},
        testing::{folded, user_id},
    };

    #[test]
    fn an_open_account_needs_its_user() {
        let account: ServiceAccount = folded(opened());
        assert_eq!(
            account.requires(),
            BTreeSet::from([Claim::new(USER, user_id(7).to_string())])
        );
        assert_eq!(account.claims("7"), BTreeSet::new());
        let closed: ServiceAccount = folded([opened(), vec![ServiceAccountEvent::Closed {}]].concat());
        for account in [ServiceAccount::default(), closed] {
            assert_eq!(account.requires(), BTreeSet::new());
        }
    }
}
