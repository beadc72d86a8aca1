//! What an application holds, and the organisation that it needs.

use std::collections::BTreeSet;

use super::Application;
use crate::{
    ErrorKind,
    claim::{Claim, Claims, Scope, scopes},
    organisation::claims::ORGANISATION,
};

scopes! {
    /// Existing applications, within their organisation. A group requires this claim for each attached application.
    APPLICATION = Scope::new("application").missing(
        ErrorKind::NotFound,
        "unknown_application",
        "the organisation has no such application",
    );

    /// The names of applications, in all organisations.
    APPLICATION_NAME = Scope::new("application_name")
        .taken("application_name_taken", "another application has this name");
}

impl Claims for Application {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        match self.organisation {
            Some(organisation) if self.exists() => BTreeSet::from([
                Claim::within(APPLICATION, organisation.to_string(), aggregate_id),
                Claim::new(APPLICATION_NAME, &self.name),
            ]),
            _ => BTreeSet::new(),
        }
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let organisation = self
            .organisation
            .map(|one| Claim::new(ORGANISATION, one.to_string()));
        organisation.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        application::{
            ApplicationEvent,
            tests::{created, deleted, organisation},
        },
        testing::folded,
    };

    #[test]
    fn an_application_claims_its_place_and_its_name_and_requires_its_organisation() {
        let application: Application = folded([created()]);
        let place = |number| Claim::within(APPLICATION, organisation(number).to_string(), "7");
        assert_eq!(
            application.claims("7"),
            BTreeSet::from([place(3), Claim::new(APPLICATION_NAME, "Parking")])
        );
        let of = |number| BTreeSet::from([Claim::new(ORGANISATION, organisation(number).to_string())]);
        assert_eq!(application.requires(), of(3));

        let to = organisation(4);
        let moved: Application = folded([created(), ApplicationEvent::Moved { organisation: to }]);
        assert!(moved.claims("7").contains(&place(4)));
        assert_eq!(moved.requires_since(&application), of(4));
    }

    #[test]
    fn no_application_claims_nothing() {
        for application in [Application::default(), folded(deleted())] {
            assert_eq!(application.claims("7"), BTreeSet::new());
            assert_eq!(application.requires(), BTreeSet::new());
        }
    }
}
