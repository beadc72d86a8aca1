//! What an API key holds, and the groups that it needs.

use std::collections::BTreeSet;

use super::ApiKey;
use crate::{
    account::claims::ACCOUNT_NUMBER,
    claim::{Claim, Claims, Scope, scopes},
    role::claims::GROUP,
};

scopes! {
    /// The digests of keys: a key identifies one machine.
    API_KEY = Scope::new("api_key").taken("api_key_taken", "the API key belongs to another machine");
}

impl Claims for ApiKey {
    fn claims(&self, _: &str) -> BTreeSet<Claim> {
        // The number of the system user stays taken after the key is revoked.
        let number = self
            .system_user
            .map(|id| Claim::new(ACCOUNT_NUMBER, id.ordinal().to_string()));
        let digest = self.digest.map(|digest| Claim::new(API_KEY, digest.to_string()));
        number.into_iter().chain(digest).collect()
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let groups = self.groups.iter();
        groups.map(|group| Claim::new(GROUP, group.to_string())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api_key::{
            ApiKeyEvent,
            tests::{digest, group, issued},
        },
        testing::folded,
    };

    #[test]
    fn a_key_claims_its_digest_and_the_number_of_its_system_user() {
        let key: ApiKey = folded(issued());
        let number = Claim::new(ACCOUNT_NUMBER, "9");
        let claims = BTreeSet::from([number.clone(), Claim::new(API_KEY, digest(1).to_string())]);
        assert_eq!(key.claims("7"), claims);
        assert_eq!(
            key.requires(),
            BTreeSet::from([Claim::new(GROUP, group(2).group.to_string())])
        );

        let revoked: ApiKey = folded([issued(), vec![ApiKeyEvent::Revoked {}]].concat());
        assert_eq!(revoked.claims("7"), BTreeSet::from([number]));
        assert_eq!(revoked.requires(), BTreeSet::new());
        assert_eq!(ApiKey::default().claims("7"), BTreeSet::new());
    }
}
