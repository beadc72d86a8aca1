//! What a licence holds, the agreement and the organisation that it needs, and how many devices may use it.

use std::collections::{BTreeMap, BTreeSet};

use super::Licence;
use crate::{
    ErrorKind,
    agreement::claims::AGREEMENT,
    claim::{Claim, Claims, Limits, Scope, scopes},
    organisation::claims::ORGANISATION,
};

scopes! {
    /// The keys of licences, in upper case.
    LICENCE_KEY = Scope::new("licence_key")
        .taken("licence_key_taken", "another licence has this key");

    /// Licences that were issued and are not suspended, by id. Seats require this claim.
    LICENCE_IN_FORCE = Scope::new("licence_in_force").missing(
        ErrorKind::Conflict,
        "licence_suspended",
        "the licence is suspended",
    );

    /// The devices that use a licence, within it.
    LICENCE_SEAT = Scope::new("licence_seat")
        .limited_by_owner()
        .too_many("licence_full", "all seats of the licence are taken");
}

impl Claims for Licence {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        let key = self.exists().then(|| {
            let key = self.licence_key.to_ascii_uppercase();
            Claim::new(LICENCE_KEY, key)
        });
        let in_force = self
            .is_in_force()
            .then(|| Claim::new(LICENCE_IN_FORCE, aggregate_id));
        key.into_iter().chain(in_force).collect()
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let agreement = self.agreement.map(|id| Claim::new(AGREEMENT, id.to_string()));
        let organisation = self
            .organisation
            .map(|id| Claim::new(ORGANISATION, id.to_string()));
        agreement.into_iter().chain(organisation).collect()
    }

    fn limits(&self) -> BTreeMap<&'static Scope, Limits> {
        let limits = Limits {
            at_least: 0,
            at_most: i64::from(self.seats),
        };
        let seats = self.exists().then_some((LICENCE_SEAT, limits));
        seats.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        licence::{
            LicenceEvent,
            tests::{agreement, issued, organisation},
        },
        testing::folded,
    };

    #[test]
    fn a_licence_claims_its_key_in_any_case_and_limits_its_seats() {
        let licence: Licence = folded([issued()]);
        let key = Claim::new(LICENCE_KEY, "EDGE-1");
        let in_force = Claim::new(LICENCE_IN_FORCE, "7");
        assert_eq!(licence.claims("7"), BTreeSet::from([key.clone(), in_force]));
        let (at_least, at_most) = (0, 2);
        let limits = BTreeMap::from([(LICENCE_SEAT, Limits { at_least, at_most })]);
        assert_eq!(licence.limits(), limits);
        assert_eq!(
            licence.requires(),
            BTreeSet::from([
                Claim::new(AGREEMENT, agreement().to_string()),
                Claim::new(ORGANISATION, organisation().to_string()),
            ])
        );

        let suspended: Licence = folded([issued(), LicenceEvent::Suspended {}]);
        assert_eq!(suspended.claims("7"), BTreeSet::from([key]));
        assert_eq!(suspended.limits(), limits);
    }

    #[test]
    fn no_licence_claims_nothing() {
        let nothing = Licence::default();
        assert_eq!(nothing.claims("7"), BTreeSet::new());
        assert_eq!(nothing.requires(), BTreeSet::new());
        assert_eq!(nothing.limits(), BTreeMap::new());
    }
}
