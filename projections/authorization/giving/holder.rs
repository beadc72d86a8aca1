//! What a giver holds, and whether it covers a permission.
//!
//! A permission is covered if each topic or path that its pattern matches is matched by one of the grants. Levels can have any text,
//! so a pattern without `#` is covered by several grants only if one of them covers it alone: take a topic in which each `+` is a
//! text that is in no grant. A pattern with `#` stands for patterns of all lengths, and each length may be covered by another grant.
//! So the test takes one length after the other, from the shortest, until one grant covers all further lengths. It ends at the first
//! length that no grant covers. The compiled grants answer for each length.

use std::{cell::RefCell, collections::BTreeSet};

use aggregates::values::{Context, Operation, Permission, RoleId};
use seize::LocalGuard;

use super::MissingRight;
use crate::{
    Authorization,
    patterns::{
        grants::Grants,
        question::{Question, operations},
    },
    principals::{roles::RoleIndex, subject::Principal, users::Extra},
};

/// How many lengths of a pattern with `#` are covered by other grants at most. A pattern that needs more counts as not covered.
const MOST_LENGTHS: usize = 64;

/// A giver.
pub(super) struct Holder<'a> {
    pub(super) engine: &'a Authorization,
    guard: &'a LocalGuard<'a>,
    roles: &'a [RoleIndex],
    own: Option<&'a Extra>,
    /// The roles whose grants were needed.
    used: RefCell<BTreeSet<RoleId>>,
}

impl<'a> Holder<'a> {
    /// A giver who is this principal. If there is no such principal, the giver holds nothing.
    pub(super) fn new(engine: &'a Authorization, giver: Principal, guard: &'a LocalGuard<'a>) -> Self {
        let nothing = (&[][..], None);
        let (roles, own) = match giver {
            Principal::User(user) => {
                let user = engine.users.get(&user, guard);
                user.map_or(nothing, |user| (user.roles.as_slice(), user.extra.as_deref()))
            }
            Principal::Machine(machine) => {
                let machine = engine.machines.get(&machine, guard);
                machine.map_or(nothing, |machine| (machine.roles.as_slice(), Some(&machine.own)))
            }
            // Nobody acts as a role alone.
            Principal::Role(_) => nothing,
        };
        Self {
            engine,
            guard,
            roles,
            own,
            used: RefCell::default(),
        }
    }

    /// A giver who holds these roles alone.
    pub(super) fn of_roles(
        engine: &'a Authorization,
        roles: &'a [RoleIndex],
        guard: &'a LocalGuard<'a>,
    ) -> Self {
        Self {
            engine,
            guard,
            roles,
            own: None,
            used: RefCell::default(),
        }
    }

    /// Whether the giver holds a role.
    pub(super) fn has(&self, role: RoleId) -> bool {
        let index = self.engine.role_indexes.get(&role, self.guard);
        index.is_some_and(|index| {
            self.roles.contains(index) && self.engine.roles.contains_key(index, self.guard)
        })
    }

    /// The roles whose grants were needed.
    pub(super) fn used(self) -> BTreeSet<RoleId> {
        self.used.into_inner()
    }

    /// Returns the part of a permission that the giver may not give, as an error. `before` is what was granted in the same place
    /// before: it is not given.
    pub(super) fn must_hold(
        &self,
        permission: &Permission,
        before: Option<&Grants>,
    ) -> Result<(), MissingRight> {
        let [reads, writes] = [Operation::Read, Operation::Write].map(|operation| {
            permission.operation.covers(operation) && !self.covers(permission, operation, before)
        });
        let operation = match (reads, writes) {
            (false, false) => return Ok(()),
            (true, false) => Operation::Read,
            (false, true) => Operation::Write,
            (true, true) => Operation::ReadWrite,
        };
        let space = self
            .engine
            .model
            .space_of(permission.context, &permission.resource);
        Err(MissingRight::new(space, operation, &permission.resource))
    }

    /// Whether the grants together cover one operation on all that a permission's pattern matches.
    fn covers(&self, permission: &Permission, operation: Operation, before: Option<&Grants>) -> bool {
        let is_covered = |pattern: &str| self.is_covered(permission.context, pattern, operation, before);
        let pattern: &str = &permission.resource;
        if is_covered(pattern) {
            return true;
        }
        // The shortest name that the pattern matches, in which `+` stands for any text.
        let mut name = match pattern.strip_suffix("/#") {
            Some(name) => name.to_owned(),
            None if pattern == "#" => "+".to_owned(),
            None => return false,
        };
        for _ in 0..MOST_LENGTHS {
            // No topic and no path is empty.
            if !name.is_empty() && !is_covered(&name) {
                return false;
            }
            name.push_str("/+");
            if is_covered(&format!("{name}/#")) {
                return true;
            }
        }
        false
    }

    /// Whether one grant covers all that a pattern matches.
    fn is_covered(
        &self,
        context: Context,
        pattern: &str,
        operation: Operation,
        before: Option<&Grants>,
    ) -> bool {
        let had = |grants: &Grants| {
            grants.granted(&Question::pattern(context, pattern), operations(operation)) != 0
        };
        before.is_some_and(had)
            || self
                .engine
                .model
                .may_give(context, pattern, operation, &|pattern, operation| {
                    self.holds(context, pattern, operation)
                })
    }

    fn holds(&self, context: Context, pattern: &str, operation: Operation) -> bool {
        let (question, wanted) = (Question::pattern(context, pattern), operations(operation));
        if self
            .own
            .is_some_and(|own| own.grants.granted(&question, wanted) != 0)
        {
            return true;
        }
        let roles = self
            .roles
            .iter()
            .filter_map(|index| self.engine.roles.get(index, self.guard));
        let mut granting = roles.filter(|role| role.grants.granted(&question, wanted) != 0);
        let Some(role) = granting.next() else { return false };
        self.used.borrow_mut().insert(role.details.id);
        true
    }
}
