//! Roles that can use an endpoint that gives rights, but that do not hold what other roles grant.

use aggregates::values::{Context, Operation, Permission, RoleId, RoleName};
use seize::LocalGuard;
use uuid::Uuid;

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
    /// The first `most` roles, by name, that may write on a path of one of these endpoints, and that do not hold what other roles
    /// grant. An endpoint has `+` in the place of each id. The administrators' role is left out: its holders give everything, and only they
    /// give it. Groups and account kinds are left out, too: they are not given as roles.
    pub fn limited_roles(&self, endpoints: &[String], most: usize) -> Vec<LimitedRole> {
        let guard = self.collector.enter();
        let mut roles: Vec<(RoleIndex, &Role)> = self
            .roles
            .iter(&guard)
            .filter(|(_, role)| role.details.id != RoleId::ADMINISTRATOR && role.details.id.is_plain())
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

/// Whether a role may write on a path of one of these endpoints.
fn may_use_one(role: &Role, endpoints: &[String]) -> bool {
    let may_write = |permission: &&Permission| {
        permission.context == Context::Http && permission.operation.covers(Operation::Write)
    };
    let mut patterns = role.details.permissions.as_slice().iter().filter(may_write);
    patterns.any(|permission| {
        let mut endpoints = endpoints.iter();
        endpoints.any(|endpoint| reaches(&permission.resource, endpoint))
    })
}

/// Whether a pattern matches a path of an endpoint. The endpoint has `+` in the place of each id; another path of the server may have a
/// word there.
fn reaches(pattern: &str, endpoint: &str) -> bool {
    let (mut pattern, mut endpoint) = (pattern.split('/'), endpoint.split('/'));
    loop {
        match (pattern.next(), endpoint.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(level), Some("+")) if Uuid::try_parse(level).is_ok() => {}
            (Some(level), Some(wanted)) if level == wanted => {}
            (Some(_), Some(_) | None) | (None, Some(_)) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reaches;

    const ID: &str = "00000000-0000-4000-8000-000000000000";

    #[test]
    fn patterns_that_match_a_path_of_an_endpoint_are_found() {
        for (pattern, endpoint, found) in [
            ("/api/users/+/roles", "/api/users/+/roles", true),
            ("/api/#", "/api/users/+/roles", true),
            ("/api/users/+", "/api/users/+/roles", false),
            ("/api/users/#", "/api/users", true),
            ("/api/users", "/api/users/+", false),
            ("/api/users", "/api/roles", false),
            (&format!("/api/users/{ID}"), "/api/users/+", true),
            ("/api/users/change-password", "/api/users/+", false),
            ("/+/+/+", "/api/users/+", true),
            ("/api", "/api/users", false),
        ] {
            assert_eq!(reaches(pattern, endpoint), found, "{pattern} {endpoint}");
        }
    }
}
