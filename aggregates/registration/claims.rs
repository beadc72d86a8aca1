//! What a pending registration holds.

use std::collections::BTreeSet;

use super::{Registration, Stage};
use crate::{
    claim::{Claim, Claims, Scope, scopes},
    client_registry::{ClientRegistryId, claims::PENDING},
    text::alike,
};

scopes! {
    /// The usernames of pending registrations, as keys that names share if they are alike. A user may have the same name; then nobody can confirm
    /// the registration.
    REGISTERING = Scope::new("registering_username")
        .personal()
        .taken("registration_pending", "a registration with this username is pending");
}

impl Claims for Registration {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        match self.stage {
            Stage::Pending => BTreeSet::from([
                Claim::new(REGISTERING, alike(&self.username)),
                Claim::within(PENDING, ClientRegistryId::THE_ONE.to_string(), aggregate_id),
            ]),
            Stage::Absent | Stage::Granted | Stage::Ended => BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        registration::{RegistrationEvent, fixtures::requested},
        testing::folded,
    };

    #[test]
    fn a_pending_registration_holds_its_name_and_a_place() {
        let registration: Registration = folded([requested()]);
        let place = Claim::within(PENDING, ClientRegistryId::THE_ONE.to_string(), "7");
        assert_eq!(
            registration.claims("7"),
            BTreeSet::from([Claim::new(REGISTERING, "press.7"), place])
        );
        assert_eq!(registration.requires(), BTreeSet::new());
    }

    #[test]
    fn once_somebody_has_decided_it_holds_nothing() {
        assert_eq!(Registration::default().claims("7"), BTreeSet::new());
        for end in [
            RegistrationEvent::Confirmed {},
            RegistrationEvent::Rejected {},
            RegistrationEvent::Expired {},
        ] {
            let registration: Registration = folded([requested(), end]);
            assert_eq!(registration.claims("7"), BTreeSet::new());
        }
    }
}
