//! What an organisation holds.

use std::collections::BTreeSet;

use super::Organisation;
use crate::{
    ErrorKind,
    claim::{Claim, Claims, Scope, scopes},
};

scopes! {
    /// Existing organisations, by id. Groups, applications and accounts require this claim.
    ORGANISATION = Scope::new("organisation").missing(
        ErrorKind::NotFound,
        "unknown_organisation",
        "there is no such organisation",
    );

    /// The names of organisations.
    ORGANISATION_NAME = Scope::new("organisation_name")
        .taken("organisation_name_taken", "another organisation has this name");
}

impl Claims for Organisation {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        match self.exists() {
            true => BTreeSet::from([
                Claim::new(ORGANISATION, aggregate_id),
                Claim::new(ORGANISATION_NAME, &self.name),
            ]),
            false => BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        organisation::{OrganisationEvent, tests::founded},
        testing::folded,
    };

    #[test]
    fn an_organisation_claims_its_id_and_its_newest_name() {
        let name = "Odense".parse().unwrap();
        let organisation: Organisation = folded([founded(), OrganisationEvent::Renamed { name }]);
        let claims = [
            Claim::new(ORGANISATION, "7"),
            Claim::new(ORGANISATION_NAME, "Odense"),
        ];
        assert_eq!(organisation.claims("7"), BTreeSet::from(claims));
    }

    #[test]
    fn no_organisation_claims_nothing() {
        let deleted: Organisation = folded([founded(), OrganisationEvent::Deleted {}]);
        for organisation in [Organisation::default(), deleted] {
            assert_eq!(organisation.claims("7"), BTreeSet::new());
        }
    }
}
