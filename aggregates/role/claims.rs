//! What a role holds that no other role may hold.

use std::collections::BTreeSet;

use super::Role;
use crate::{
    ErrorKind,
    claim::{Alike, Claim, Claims, Scope, scopes},
    text,
};

scopes! {
    /// Existing roles, by id. Granting a role requires this claim.
    ROLE = Scope::new("role").missing(ErrorKind::Invalid, "invalid_request", "there is no role {}");

    /// Role names.
    ROLE_NAME = Scope::new("role_name").taken("role_name_taken", "the role name is taken").no_two_alike(Alike {
        name: "role_name_alike",
        others: "role_name_alike_others",
        key: text::alike,
    });

    /// Roles that several users may hold, by role id. A grant that is not exclusive requires this claim.
    SHARED_ROLE = Scope::new("shared_role")
        .missing(ErrorKind::Conflict, "role_not_shared", "role {} is no longer shared");
}

impl Claims for Role {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        if !self.exists() {
            return BTreeSet::new();
        }
        let mut claims = BTreeSet::from([Claim::new(ROLE, aggregate_id), Claim::new(ROLE_NAME, &self.name)]);
        if self.is_shared {
            claims.insert(Claim::new(SHARED_ROLE, aggregate_id));
        }
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        role::{
            RoleEvent,
            fixtures::{operators_created, operators_deleted},
        },
        testing::folded,
    };

    #[test]
    fn a_role_claims_its_id_and_its_newest_name() {
        let role: Role = folded([
            operators_created(),
            RoleEvent::Renamed {
                name: "fitters".parse().unwrap(),
            },
        ]);
        assert_eq!(
            role.claims("7"),
            BTreeSet::from([
                Claim::new(ROLE, "7"),
                Claim::new(ROLE_NAME, "fitters"),
                Claim::new(SHARED_ROLE, "7")
            ])
        );
        assert_eq!(role.requires(), BTreeSet::new());
    }

    #[test]
    fn a_role_that_stops_being_shared_gives_up_that_it_may_be() {
        let role: Role = folded([
            operators_created(),
            RoleEvent::SharingChanged { is_shared: false },
        ]);
        assert!(!role.claims("7").contains(&Claim::new(SHARED_ROLE, "7")));
    }

    #[test]
    fn no_role_claims_nothing() {
        for role in [Role::default(), folded(operators_deleted())] {
            assert_eq!(role.claims("7"), BTreeSet::new());
        }
    }
}
