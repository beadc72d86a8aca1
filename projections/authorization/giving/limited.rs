//! Roles that can use an endpoint that gives rights, but that do not hold what other roles grant.

use aggregates::values::{Context, Operation, Permission, RoleId, RoleName};
use seize::LocalGuard;

use super::{MissingRight, holder::Holder};
use crate::{
    Authorization,
    principals::roles::{Role, RoleIndex},
};

/// A role whose holders cannot give all other roles by this role alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitedRole {
    /// The id of the role.
    pub id: RoleId,
    /// The name of the role.
    pub name: RoleName,
    /// How many other roles it cannot give.
    pub others: usize,
    /// The first of these roles, by name, and a right of it that is missing.
    pub first: (RoleName, MissingRight),
}

impl Authorization {
    /// The first `most` roles, by name, that may write on a path that one of these patterns matches, and that do not hold what other
    /// roles grant. The administrators' role gives everything, and nobody else gives it.
    pub fn limited_roles(&self, endpoints: &[String], most: usize) -> Vec<LimitedRole> {
        let guard = self.collector.enter();
        let mut roles: Vec<(RoleIndex, &Role)> = self
            .roles
            .iter(&guard)
            .filter(|(_, role)| role.details.id != RoleId::ADMINISTRATOR)
            .map(|(index, role)| (*index, role))
            .collect();
        roles.sort_by(|(_, one), (_, other)| one.details.name.cmp(&other.details.name));
        let givers = roles.iter().filter(|(_, role)| may_use_one(role, endpoints));
        let limited = givers.filter_map(|(index, role)| self.limited(*index, role, &roles, &guard));
        limited.take(most).collect()
    }

    fn limited(
        &self,
        index: RoleIndex,
        role: &Role,
        roles: &[(RoleIndex, &Role)],
        guard: &LocalGuard<'_>,
    ) -> Option<LimitedRole> {
        let indexes = [index];
        let holder = Holder::of_roles(self, &indexes, guard);
        let missing = |other: &Role| {
            let mut permissions = other.details.permissions.as_slice().iter();
            permissions.find_map(|permission| holder.must_hold(permission, None).err())
        };
        let others = roles.iter().filter(|(other, _)| *other != index);
        let mut lacking = others.filter_map(|(_, other)| Some((&other.details.name, missing(other)?)));
        let (name, right) = lacking.next()?;
        Some(LimitedRole {
            id: role.details.id,
            name: role.details.name.clone(),
            others: 1 + lacking.count(),
            first: (name.clone(), right),
        })
    }
}

/// Whether a role may write on a path that one of these patterns matches.
fn may_use_one(role: &Role, endpoints: &[String]) -> bool {
    let may_write = |permission: &&Permission| {
        permission.context == Context::Http && permission.operation.covers(Operation::Write)
    };
    let mut patterns = role.details.permissions.as_slice().iter().filter(may_write);
    patterns.any(|permission| {
        let mut endpoints = endpoints.iter();
        endpoints.any(|endpoint| have_a_path(&permission.resource, endpoint))
    })
}

/// Whether there is a path that both patterns match.
fn have_a_path(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    loop {
        match (one.next(), other.next()) {
            (Some("#"), _) | (_, Some("#")) | (None, None) => return true,
            (Some("+"), Some(_)) | (Some(_), Some("+")) => {}
            (Some(one), Some(other)) if one == other => {}
            (Some(_), Some(_) | None) | (None, Some(_)) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::have_a_path;

    #[test]
    fn patterns_that_match_a_common_path_are_found() {
        for (one, other, have) in [
            ("/api/users/+/roles", "/api/users/7/roles", true),
            ("/api/users/+/roles", "/api/#", true),
            ("/api/users/+", "/api/users/+/roles", false),
            ("/api/users/#", "/api/users", true),
            ("/api/users", "/api/users/#", true),
            ("/api/users", "/api/roles", false),
            ("/api/users/7", "/api/users/+", true),
            ("/+/+/7", "/api/users/+", true),
            ("/api", "/api/users", false),
        ] {
            assert_eq!(have_a_path(one, other), have, "{one} {other}");
            assert_eq!(have_a_path(other, one), have, "{other} {one}");
        }
    }
}
