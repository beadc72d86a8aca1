//! What an agreement holds, and the organisation that it needs.

use std::collections::BTreeSet;

use super::Agreement;
use crate::{
    ErrorKind,
    claim::{Claim, Claims, Scope, scopes},
    organisation::claims::ORGANISATION,
};

scopes! {
    /// Existing agreements, by id. Licences require this claim.
    AGREEMENT = Scope::new("agreement").missing(
        ErrorKind::NotFound,
        "unknown_agreement",
        "there is no such agreement",
    );
}

impl Claims for Agreement {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        let own = self.exists.then(|| Claim::new(AGREEMENT, aggregate_id));
        own.into_iter().collect()
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let provider = self.provider.map(|id| Claim::new(ORGANISATION, id.to_string()));
        provider.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agreement::tests::{created, provider},
        testing::folded,
    };

    #[test]
    fn an_agreement_claims_its_id_and_requires_its_provider() {
        let agreement: Agreement = folded([created()]);
        assert_eq!(
            agreement.claims("7"),
            BTreeSet::from([Claim::new(AGREEMENT, "7")])
        );
        assert_eq!(
            agreement.requires(),
            BTreeSet::from([Claim::new(ORGANISATION, provider().to_string())])
        );
        let nothing = Agreement::default();
        assert_eq!(nothing.claims("7"), BTreeSet::new());
        assert_eq!(nothing.requires(), BTreeSet::new());
    }
}
