//! How many registrations may be pending.

use std::collections::{BTreeMap, BTreeSet};

use super::ClientRegistry;
use crate::claim::{Claim, Claims, Limits, Scope, scopes};

scopes! {
    /// Pending registrations, by id, within the registry.
    PENDING = Scope::new("pending_registration").limited_by_owner().too_many(
        "too_many_registrations",
        "as many registrations are pending as the server allows",
    );
}

impl Claims for ClientRegistry {
    fn claims(&self, _aggregate_id: &str) -> BTreeSet<Claim> {
        BTreeSet::new()
    }

    fn limits(&self) -> BTreeMap<&'static Scope, Limits> {
        let limits = self.most_pending.map(|at_most| Limits { at_least: 0, at_most });
        limits.map(|limits| (PENDING, limits)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client_registry::{ClientRegistryEvent, fixtures::opened},
        testing::folded,
    };

    #[test]
    fn the_registry_limits_the_pending_registrations_from_its_first_opening() {
        assert_eq!(ClientRegistry::default().limits(), BTreeMap::new());
        let limits = Limits {
            at_least: 0,
            at_most: 7,
        };
        for events in [vec![opened(2)], vec![opened(2), ClientRegistryEvent::Closed {}]] {
            let registry: ClientRegistry = folded(events);
            assert_eq!(registry.limits(), BTreeMap::from([(PENDING, limits)]));
            assert_eq!(registry.claims("7"), BTreeSet::new());
        }
    }
}
