//! Nobody gives a right that they do not hold.
//!
//! A judgement is about events that are not recorded yet, and about the user or machine that causes them. What the events add must be
//! covered by what the giver holds:
//!
//! - A new permission of a role or of a user's own: each topic or path that it matches is matched by a grant of the giver, or by a
//!   grant that the role or the user had there before. So a narrower permission in the place of a wider one adds nothing.
//! - A role that somebody gets: everything that the role grants.
//! - Another name, credential, identity provider, grant type or publish prefix of somebody else: everything that this user holds, since
//!   whoever chooses how a user logs in can log in as the user, and whoever frees a name can take it.
//!
//! Users who hold the administrators' role may give everything. Only they may give that role, because its holders can give rights
//! that no pattern of the role covers.
//!
//! A judgement rests on some streams as of a position ([`Grounds`]). It holds as long as none of them has a later event. The ledger
//! checks this when it records the events. So the entries that a judgement reads need not be of one position.

mod gift;
mod holder;
mod lacking;
mod limited;

use std::{cell::RefCell, collections::BTreeSet};

use aggregates::{
    NewEvent, Registered,
    role::Role as RoleAggregate,
    user::{User as UserAggregate, UserEvent},
    values::{Permission, RoleId, UserId},
};
use seize::LocalGuard;

use crate::{
    Authorization, WhatIf,
    engine::facts::MachineStep,
    principals::{machines::Machine, subject::Principal, users::User},
    what_if::holding::{Holding, Version, after_events, machine_after},
};
use gift::{Gives, acts_as, of_machine, of_user};
use holder::Holder;

pub use lacking::{Lacking, MissingRight};
pub use limited::LimitedRole;

/// A stream: the type and the id of its aggregate.
pub type GroundStream = (&'static str, String);

/// What a judgement rests on. It holds as long as none of the streams has an event after the position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grounds {
    /// The position.
    pub position: i64,
    /// The streams.
    pub streams: BTreeSet<GroundStream>,
}

impl Authorization {
    /// Judges whether a principal may give what these events add. The events count as the next ones of the ledger.
    pub fn may_give(&self, giver: Principal, events: &[NewEvent]) -> Result<Grounds, Lacking> {
        if !self.give_anything(events) {
            return Ok(Grounds::default());
        }
        let guard = self.collector.enter();
        // The ledger checks a permission to give again. A refusal must be about one moment.
        self.judge_giving(giver, events, &guard)
            .or_else(|_| self.consistently(&guard, |guard| self.judge_giving(giver, events, guard)))
    }

    /// Whether the events add anything that could be a right.
    fn give_anything(&self, events: &[NewEvent]) -> bool {
        events.iter().any(|new| {
            let itself = gift::of(&new.aggregate_id, &new.event) != Gives::Nothing;
            let facts = || (self.model.facts)(&new.aggregate_id, &new.event);
            itself || facts().iter().any(|fact| gift::of_fact(fact) != Gives::Nothing)
        })
    }

    fn judge_giving(
        &self,
        giver: Principal,
        events: &[NewEvent],
        guard: &LocalGuard<'_>,
    ) -> Result<Grounds, Lacking> {
        // Read the position before any entry: an event that is applied in between then comes after it.
        let position = self.position();
        let (user, itself) = match giver {
            Principal::User(user) => (
                self.users.get(&user, guard),
                (UserAggregate::TYPE, user.to_string()),
            ),
            Principal::Machine(machine) => (None, (machine.kind.aggregate_type, machine.id.to_string())),
            Principal::Role(role) => (None, (RoleAggregate::TYPE, role.to_string())),
        };
        if user.is_some_and(|user| self.is_administrator(user, guard)) {
            return Ok(Grounds {
                position,
                streams: BTreeSet::from([itself]),
            });
        }
        let judgement = Judgement {
            giver,
            holder: Holder::new(self, giver, guard),
            what_if: self.what_if(events.iter().map(|new| (new.aggregate_id.as_str(), &new.event))),
            guard,
            grounds: RefCell::new(BTreeSet::from([itself])),
            granted: RefCell::default(),
        };
        judgement.all(events)?;
        let mut streams = judgement.grounds.into_inner();
        let used = judgement.holder.used();
        streams.extend(
            used.into_iter()
                .map(|role| (RoleAggregate::TYPE, role.to_string())),
        );
        Ok(Grounds { position, streams })
    }

    /// Whether a user holds the administrators' role.
    fn is_administrator(&self, user: &User, guard: &LocalGuard<'_>) -> bool {
        self.role_indexes
            .get(&RoleId::ADMINISTRATOR, guard)
            .is_some_and(|index| {
                user.roles.as_slice().contains(index) && self.roles.contains_key(index, guard)
            })
    }
}

/// A judgement about a giver who is not an administrator.
struct Judgement<'a> {
    giver: Principal,
    holder: Holder<'a>,
    what_if: WhatIf<'a>,
    guard: &'a LocalGuard<'a>,
    /// The streams that it read.
    grounds: RefCell<BTreeSet<GroundStream>>,
    /// The roles that the giver may grant.
    granted: RefCell<BTreeSet<RoleId>>,
}

impl<'a> Judgement<'a> {
    fn all(&self, events: &[NewEvent]) -> Result<(), Lacking> {
        for (id, change) in &self.what_if.roles {
            self.role(*id, change.before.as_ref(), change.after.as_ref())?;
        }
        for (id, events) in &self.what_if.users {
            self.user(*id, events)?;
        }
        for (machine, steps) in &self.what_if.machines {
            self.machine(*machine, steps)?;
        }
        for user in events
            .iter()
            .filter_map(|new| acts_as(&new.aggregate_id, &new.event))
        {
            self.access_to_user(user, &[])?;
        }
        Ok(())
    }

    /// The permissions that a role gets.
    fn role(&self, id: RoleId, before: Option<&Version>, after: Option<&Version>) -> Result<(), Lacking> {
        let Some(after) = after else { return Ok(()) };
        self.rests_on(RoleAggregate::TYPE, id.to_string());
        let before = before.map(|version| &version.role.grants);
        for permission in &after.only {
            self.holder
                .must_hold(permission, before)
                .map_err(Lacking::Right)?;
        }
        Ok(())
    }

    /// The roles and permissions that a user gets, and the ways to act as the user.
    fn user(&self, id: UserId, events: &[&'a UserEvent]) -> Result<(), Lacking> {
        let engine = self.holder.engine;
        let before = engine.entry_of(id, self.guard);
        let gives: Vec<Gives> = events.iter().map(|event| of_user(event)).collect();
        if gives.contains(&Gives::Right) {
            self.rests_on(UserAggregate::TYPE, id.to_string());
            let holding = self.held_by(before);
            let (after, roles) = after_events(engine.model, before, &holding, events);
            let Some(after) = after else { return Ok(()) };
            let had = before.and_then(|user| user.extra.as_deref());
            let has = after.extra.iter().flat_map(|extra| extra.permissions.as_slice());
            let kept = had.map(|extra| extra.permissions.as_slice()).unwrap_or_default();
            let added = has.filter(|permission| !kept.contains(permission));
            for permission in added {
                let before = had.map(|extra| &extra.grants);
                self.holder
                    .must_hold(permission, before)
                    .map_err(Lacking::Right)?;
            }
            for role in roles.into_iter().filter(|role| !holding.has(*role)) {
                self.grant_of(role)?;
            }
        }
        if gives.contains(&Gives::Access) {
            self.access_to_user(id, events)?;
        }
        Ok(())
    }

    /// The giver decides how a user logs in, or what the user's clients publish. `events` are those of the user.
    fn access_to_user(&self, id: UserId, events: &[&'a UserEvent]) -> Result<(), Lacking> {
        if self.giver == Principal::User(id) {
            return Ok(());
        }
        self.rests_on(UserAggregate::TYPE, id.to_string());
        let engine = self.holder.engine;
        let before = engine.entry_of(id, self.guard);
        let holding = self.held_by(before);
        let (after, roles) = after_events(engine.model, before, &holding, events);
        let Some(after) = after else { return Ok(()) };
        // That somebody is an administrator says more than any other role of theirs.
        let mut roles: Vec<RoleId> = roles.into_iter().collect();
        roles.sort_by_key(|role| *role != RoleId::ADMINISTRATOR);
        for role in roles {
            self.grant_of(role).map_err(|lacking| lacking.held_by(id))?;
        }
        let own = after.extra.iter().flat_map(|extra| extra.permissions.as_slice());
        for permission in own {
            let missing = self.holder.must_hold(permission, None);
            missing.map_err(|missing| Lacking::OfUser(id, missing))?;
        }
        Ok(())
    }

    /// The roles and permissions that a machine gets, and its credentials.
    fn machine(&self, machine: Machine, steps: &[MachineStep]) -> Result<(), Lacking> {
        let gives: Vec<Gives> = steps.iter().map(of_machine).collect();
        if gives.iter().all(|gives| *gives == Gives::Nothing) {
            return Ok(());
        }
        self.rests_on(machine.kind.aggregate_type, machine.id.to_string());
        let before = self.holder.engine.machines.get(&machine, self.guard);
        let holding = before.map(|entry| self.what_if.holding(&entry.roles, Some(&entry.own), self.guard));
        let holding = holding.unwrap_or_default();
        let (after, roles) = machine_after(before, &holding, steps);
        let Some(after) = after else { return Ok(()) };
        // Whoever makes a credential of a machine can act as the machine.
        let all = gives.contains(&Gives::Access);
        let had = before.filter(|_| !all).map(|entry| &entry.own);
        let kept = had.map(|own| own.permissions.as_slice()).unwrap_or_default();
        let own = after.own.permissions.as_slice().iter();
        for permission in own.filter(|permission| !kept.contains(permission)) {
            let before = had.map(|own| &own.grants);
            self.holder
                .must_hold(permission, before)
                .map_err(Lacking::Right)?;
        }
        for role in roles.into_iter().filter(|role| all || !holding.has(*role)) {
            self.grant_of(role)?;
        }
        Ok(())
    }

    /// Everything that a role grants after the events.
    fn grant_of(&self, id: RoleId) -> Result<(), Lacking> {
        if id == RoleId::ADMINISTRATOR {
            return Err(Lacking::Administrator);
        }
        if self.granted.borrow().contains(&id) {
            return Ok(());
        }
        // If the giver holds the role, they hold what it grants. `role` judges what the events add to it.
        if !self.holder.has(id) {
            self.rests_on(RoleAggregate::TYPE, id.to_string());
            let permissions: &[Permission] = match self.what_if.roles.get(&id) {
                Some(change) => change.after.as_ref().map_or(&[], Version::permissions),
                None => {
                    let role = self.holder.engine.entry(id, self.guard);
                    role.map_or(&[], |role| role.details.permissions.as_slice())
                }
            };
            for permission in permissions {
                let missing = self.holder.must_hold(permission, None);
                missing.map_err(|missing| Lacking::OfRole(id, missing))?;
            }
        }
        self.granted.borrow_mut().insert(id);
        Ok(())
    }

    fn held_by(&self, user: Option<&'a User>) -> Holding<'_> {
        let holding = user.map(|user| {
            self.what_if
                .holding(&user.roles, user.extra.as_deref(), self.guard)
        });
        holding.unwrap_or_default()
    }

    fn rests_on(&self, aggregate_type: &'static str, id: String) {
        self.grounds.borrow_mut().insert((aggregate_type, id));
    }
}
