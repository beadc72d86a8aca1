//! How far the levels of a principal reach on os2iot: in which organisations it has which level. Guards and lists start from this;
//! about one thing, the resource types decide.

use std::collections::BTreeSet;

use aggregates::values::{GroupId, Level, OS2IOT, Operation, Ordinal, OrganisationId};
use seize::LocalGuard;

use super::{roles::RoleIndex, subject::Principal};
use crate::{
    Authorization,
    vocabularies::{
        access::{Access, Names, Part},
        os2iot::{Kind, SPACE},
    },
};

/// How far the levels of a principal reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Everything, everywhere.
    pub is_global: bool,
    /// The groups.
    pub groups: Vec<GroupId>,
    /// The organisations of the groups.
    pub member_of: BTreeSet<OrganisationId>,
    /// The organisations whose users, groups and API keys the principal administers.
    pub user_admin: BTreeSet<OrganisationId>,
    /// The organisations whose gateways it administers.
    pub gateway_admin: BTreeSet<OrganisationId>,
    /// The organisations in which it administers attached applications, and creates new ones.
    pub application_admin: BTreeSet<OrganisationId>,
}

impl Reach {
    /// Whether the principal has a level in at least one organisation. Each level reads.
    pub fn has(&self, level: Level) -> bool {
        self.is_global
            || match level {
                Level::GlobalAdmin => false,
                Level::OrganizationUserAdmin => !self.user_admin.is_empty(),
                Level::OrganizationGatewayAdmin => !self.gateway_admin.is_empty(),
                Level::OrganizationApplicationAdmin => !self.application_admin.is_empty(),
                Level::Read => !self.member_of.is_empty(),
            }
    }
}

impl Authorization {
    /// How far the levels of a principal reach.
    pub fn reach(&self, principal: Principal) -> Reach {
        let guard = self.collector.enter();
        self.settled(&guard, |guard| match principal {
            Principal::User(user) => {
                let roles = self.users.get(&user, guard).map(|user| user.roles.as_slice());
                self.reach_of(roles.unwrap_or_default(), guard)
            }
            Principal::Machine(machine) => {
                let roles = self
                    .machines
                    .get(&machine, guard)
                    .map(|entry| entry.roles.as_slice());
                self.reach_of(roles.unwrap_or_default(), guard)
            }
            Principal::Role(_) => Reach::default(),
        })
    }

    fn reach_of(&self, roles: &[RoleIndex], guard: &LocalGuard<'_>) -> Reach {
        let places = self.places(guard);
        let mut reach = Reach::default();
        for index in roles {
            let Some(role) = self.roles.get(index, guard) else {
                continue;
            };
            let Some(group) = role.details.id.group() else {
                continue;
            };
            reach.groups.push(group);
            let grants = |operation, name: &str| {
                let access: Access<'_> = Part::new(&SPACE, operation, Names::One(name)).into();
                access.holds(None, |question, wanted| {
                    role.grants.granted(question, wanted) == wanted
                })
            };
            reach.is_global |= grants(Operation::ReadWrite, OS2IOT);
            let parents = Kind::Group.parents(&group.ordinal().to_string(), &places);
            let organisation = parents
                .iter()
                .flat_map(|parents| parents.iter())
                .find_map(|parent| {
                    let number: i64 = parent.id.parse().ok()?;
                    Some(OrganisationId::of(Ordinal::new(number)?))
                });
            let Some(organisation) = organisation else {
                continue;
            };
            let own = format!("{OS2IOT}/o/{}", organisation.ordinal());
            reach.member_of.insert(organisation);
            for (level, administered) in [
                ("user", &mut reach.user_admin),
                ("gateway", &mut reach.gateway_admin),
                ("application", &mut reach.application_admin),
            ] {
                if grants(Operation::Write, &format!("{own}/{level}")) {
                    administered.insert(organisation);
                }
            }
        }
        reach.groups.sort_unstable();
        reach
    }
}
