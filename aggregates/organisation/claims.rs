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
        let exists = self.exists().then(|| Claim::new(ORGANISATION, aggregate_id));
        let has_name = self.exists() && !self.is_of_sign_up;
        let name = has_name.then(|| Claim::new(ORGANISATION_NAME, &self.name));
        exists.into_iter().chain(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        organisation::{
            OrganisationEvent,
            tests::{founded, founded_by_sign_up},
        },
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
    fn the_name_of_an_organisation_of_a_sign_up_is_not_unique() {
        let organisation: Organisation = folded([founded_by_sign_up()]);
        let claim = Claim::new(ORGANISATION, "7");
        assert_eq!(organisation.claims("7"), BTreeSet::from([claim]));
    }

    #[test]
    fn no_organisation_claims_nothing() {
        let deleted: Organisation = folded([founded(), OrganisationEvent::Deleted {}]);
        for organisation in [Organisation::default(), deleted] {
            assert_eq!(organisation.claims("7"), BTreeSet::new());
        }
    }
}
