//! What a role holds that no other role may hold.

use std::collections::BTreeSet;

use super::{Group, Role};
use crate::{
    ErrorKind,
    application::claims::APPLICATION,
    claim::{Alike, Claim, Claims, Scope, scopes},
    organisation::claims::ORGANISATION,
    text,
    values::{ApplicationId, RoleId},
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

    /// Existing groups, by id. To be in a group, a user or an API key requires this claim.
    GROUP = Scope::new("group").missing(ErrorKind::NotFound, "unknown_group", "there is no such group");
}

impl Claims for Role {
    fn claims(&self, aggregate_id: &str) -> BTreeSet<Claim> {
        if !self.exists() {
            return BTreeSet::new();
        }
        if self.group.is_some() {
            return BTreeSet::from([Claim::new(GROUP, aggregate_id)]);
        }
        // Nobody names an account kind, and nobody can take its name from somebody else.
        if RoleId::parse(aggregate_id).is_ok_and(|id| id.account_kind().is_some()) {
            return BTreeSet::from([Claim::new(ROLE, aggregate_id)]);
        }
        let mut claims = BTreeSet::from([Claim::new(ROLE, aggregate_id), Claim::new(ROLE_NAME, &self.name)]);
        if self.is_shared {
            claims.insert(Claim::new(SHARED_ROLE, aggregate_id));
        }
        claims
    }

    fn requires(&self) -> BTreeSet<Claim> {
        let Some(group) = &self.group else {
            return BTreeSet::new();
        };
        required(group, group.applications.iter()).collect()
    }

    fn requires_since(&self, before: &Self) -> BTreeSet<Claim> {
        let (Some(group), held) = (&self.group, before.group.as_ref()) else {
            return BTreeSet::new();
        };
        let was_attached = |one: &ApplicationId| held.is_some_and(|held| held.applications.contains(one));
        let attached = group.applications.iter().filter(|one| !was_attached(one));
        let all = required(group, attached);
        all.filter(|claim| held.is_none() || claim.scope != ORGANISATION)
            .collect()
    }
}

/// A group requires its organisation, and that each attached application is of this organisation.
fn required<'a>(
    group: &'a Group,
    applications: impl Iterator<Item = &'a ApplicationId> + 'a,
) -> impl Iterator<Item = Claim> + 'a {
    let organisation = group.organisation.map(|one| one.to_string());
    let of_organisation = organisation.clone().map(|one| Claim::new(ORGANISATION, one));
    let of_applications = applications.filter_map(move |application| {
        Some(Claim::within(
            APPLICATION,
            organisation.clone()?,
            application.to_string(),
        ))
    });
    of_organisation.into_iter().chain(of_applications)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Registered,
        role::{
            RoleCommand, RoleEvent,
            fixtures::{application, operators_created, operators_deleted, organisation, readers_formed},
        },
        testing::folded,
        values::AccountKind,
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
    fn a_group_claims_no_name_and_requires_its_organisation_and_applications() {
        let group: Role = folded(readers_formed());
        assert_eq!(group.claims("7"), BTreeSet::from([Claim::new(GROUP, "7")]));
        let of = |number| organisation(number).to_string();
        let all = BTreeSet::from([
            Claim::new(ORGANISATION, of(3)),
            Claim::within(APPLICATION, of(3), application(5).to_string()),
        ]);
        assert_eq!(group.requires(), all);
        assert_eq!(group.requires_since(&Role::default()), all);
        let mut more = group.clone();
        more.apply(RoleEvent::ApplicationAttached {
            application: application(6),
        });
        let since = BTreeSet::from([Claim::within(APPLICATION, of(3), application(6).to_string())]);
        assert_eq!(more.requires_since(&group), since);
        assert_eq!(group.requires_since(&group), BTreeSet::new());
    }

    #[test]
    fn an_account_kind_claims_only_that_it_exists() {
        let made = Role::default().decide(RoleCommand::MakeAccountKind(AccountKind::Developer));
        let role: Role = folded(made.unwrap());
        let id = AccountKind::Developer.role().to_string();
        assert_eq!(role.claims(&id), BTreeSet::from([Claim::new(ROLE, &id)]));
    }

    #[test]
    fn no_role_claims_nothing() {
        for role in [Role::default(), folded(operators_deleted())] {
            assert_eq!(role.claims("7"), BTreeSet::new());
        }
    }
}
