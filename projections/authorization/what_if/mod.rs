//! What events that are not recorded would change: which holders would gain which rights, and which would lose them.
//!
//! A holder gains a right if no single grant covers it before the events, and loses a right if no single grant covers
//! it after them. A grant covers a right if the context is the same, the operation is granted (each operation counts by
//! itself), and the grant's pattern covers the whole pattern of the right, as for a subscription. So a holder who has a
//! right twice does not lose it with one of the two grants.
//!
//! The comparison does not see that several grants together cover a pattern. For example, if a user may read `a` and
//! `a/+/#` and gets `a/#`, the result lists `a/#` as gained. So the result may list more than what changes for any
//! topic or path, but never less.
//!
//! The result lists rights of roles, users and machines. It does not list that a token or a certificate no longer
//! counts for its user. It does not list that a resource moves, either: rights are patterns, and after the move other
//! patterns match the resource.

mod effect;
pub(crate) mod holding;
mod told;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use aggregates::{
    Event,
    role::RoleEvent,
    user::UserEvent,
    values::{RoleId, UserId},
};
use seize::LocalGuard;

use crate::{
    Authorization, Interest,
    engine::{
        about::About,
        facts::{Fact, MachineStep},
        search::{RoleIndexes, may_be_granted},
    },
    patterns::grants::Grants,
    principals::{
        machines::Machine,
        roles::Role,
        users::{Extra, Roles},
    },
};
use holding::{
    HeldRole, Holding, RoleChange, Version, after_events, in_order, lacking, machine_after, right,
};
use told::Told;

pub use effect::{Affected, Effect, Right, RoleOfRight};

/// How much one page may list and look at.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The number of effects.
    pub effects: usize,
    /// The number of rights in all effects together; the effect that exceeds it is still listed completely.
    pub rights: usize,
    /// The number of role holders to look at.
    pub looks: usize,
}

/// Where a page begins. The order never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageStart {
    /// After this many of the roles, users and machines that the events themselves are about.
    Named(u32),
    /// After this user, who holds a role.
    Holder(UserId),
    /// After all users, and after this machine, which holds a role.
    Machine(Machine),
}

/// Roles and users as they would be after events that are not recorded.
pub struct WhatIf<'a> {
    engine: &'a Authorization,
    pub(crate) roles: BTreeMap<RoleId, RoleChange>,
    pub(crate) users: BTreeMap<UserId, Vec<&'a UserEvent>>,
    pub(crate) machines: BTreeMap<Machine, Vec<MachineStep>>,
}

impl Authorization {
    /// What these events would change. Each event comes with the id of its aggregate. They count as the next events of
    /// the ledger.
    ///
    /// A right is gained if no single grant covers it before, and lost if no single grant covers it after. It does not
    /// matter that several grants together may cover it.
    pub fn what_if<'a>(&'a self, events: impl IntoIterator<Item = (&'a str, &'a Event)>) -> WhatIf<'a> {
        let mut of_roles: BTreeMap<RoleId, Vec<&RoleEvent>> = BTreeMap::new();
        let mut users: BTreeMap<UserId, Vec<&UserEvent>> = BTreeMap::new();
        let mut machines: BTreeMap<Machine, Vec<MachineStep>> = BTreeMap::new();
        for (id, event) in events {
            match About::of(id, event) {
                About::Role(id, event) => of_roles.entry(id).or_default().push(event),
                About::User(id, event) => users.entry(id).or_default().push(event),
                // A token has no rights of its own.
                About::Session(..) | About::Nobody => {}
            }
            for fact in (self.model.facts)(id, event) {
                match fact {
                    Fact::Machine { machine, step } => machines.entry(machine).or_default().push(step),
                    // Rights are patterns, so a resource that moves changes no right.
                    Fact::Placed { .. } | Fact::Removed { .. } => {}
                }
            }
        }
        let guard = self.collector.enter();
        let change = |id: RoleId, events: &[&RoleEvent]| RoleChange::of(id, self.entry(id, &guard), events);
        WhatIf {
            engine: self,
            roles: of_roles
                .into_iter()
                .map(|(id, events)| (id, change(id, &events)))
                .collect(),
            users,
            machines,
        }
    }

    pub(crate) fn entry<'g>(&self, id: RoleId, guard: &'g LocalGuard<'_>) -> Option<&'g Role> {
        self.roles.get(self.role_indexes.get(&id, guard)?, guard)
    }
}

impl WhatIf<'_> {
    /// The effects from a start on: first on the roles, users and machines that the events themselves are about, then
    /// on the other holders of the roles (users, and after them machines). A holder for whom nothing changes is left
    /// out. Also returns the start of the next page, if there may be one. It ends early when the interest is lost.
    pub fn page(
        &self,
        from: PageStart,
        most: Limits,
        interest: &Interest,
    ) -> (Vec<Effect>, Option<PageStart>) {
        let mut told = Told {
            effects: Vec::new(),
            rights: 0,
            most,
            place: from,
            interest,
        };
        let after = match from {
            PageStart::Machine(machine) => {
                let next = self.tell_machines(Some(machine), &mut told);
                return (told.effects, next);
            }
            PageStart::Holder(user) => Some(user),
            PageStart::Named(count) => {
                for (effect, number) in self.named(interest).into_iter().zip(1..).skip(count as usize) {
                    if let Some(effect) = effect
                        && let Err(next) = told.take(effect, PageStart::Named(number))
                    {
                        return (told.effects, Some(next));
                    }
                }
                None
            }
        };
        let next = self.tell_holders(after, &mut told);
        let next = next.or_else(|| self.tell_machines(None, &mut told));
        (told.effects, next)
    }

    fn named(&self, interest: &Interest) -> Vec<Option<Effect>> {
        let roles = self.roles.iter().map(|(id, change)| self.on_role(*id, change));
        let users = self.users.keys().map(|id| self.on_user(*id));
        let machines = self.machines.keys().map(|machine| self.on_machine(*machine));
        let all = roles.chain(users).chain(machines);
        all.take_while(|_| !interest.is_lost()).collect()
    }

    fn tell_holders(&self, after: Option<UserId>, told: &mut Told<'_>) -> Option<PageStart> {
        let indexes = self.indexes();
        if indexes.is_empty() {
            return None;
        }
        let mut looks = 0;
        let mut next = None;
        self.engine.each_user(after, |id, found| {
            if told.interest.is_lost() {
                return ControlFlow::Break(());
            }
            if self.users.contains_key(&id) || !may_be_granted(&found, &indexes) {
                return ControlFlow::Continue(());
            }
            if let Some(effect) = self.on_user(id)
                && let Err(place) = told.take(effect, PageStart::Holder(id))
            {
                next = Some(place);
                return ControlFlow::Break(());
            }
            looks += 1;
            if looks < told.most.looks {
                return ControlFlow::Continue(());
            }
            next = Some(PageStart::Holder(id));
            ControlFlow::Break(())
        });
        next
    }

    /// Lists machines that hold a changed role. There are far fewer machines than users, so it looks at all of them.
    fn tell_machines(&self, after: Option<Machine>, told: &mut Told<'_>) -> Option<PageStart> {
        if self.indexes().is_empty() {
            return None;
        }
        let guard = self.engine.collector.enter();
        let all = self.engine.machines.iter(&guard).map(|(machine, _)| *machine);
        let mut machines: Vec<Machine> = all
            .filter(|machine| after.is_none_or(|after| *machine > after))
            .filter(|machine| !self.machines.contains_key(machine))
            .collect();
        machines.sort_unstable();
        let interest = told.interest;
        for machine in machines.into_iter().take_while(|_| !interest.is_lost()) {
            if let Some(effect) = self.on_machine(machine)
                && let Err(next) = told.take(effect, PageStart::Machine(machine))
            {
                return Some(next);
            }
        }
        None
    }

    /// The roles whose holders may gain or lose rights.
    fn indexes(&self) -> RoleIndexes {
        let guard = self.engine.collector.enter();
        let changing = self.roles.iter().filter(|(_, change)| change.changes_rights());
        changing
            .filter_map(|(id, _)| self.engine.role_indexes.get(id, &guard).copied())
            .collect()
    }

    fn on_role(&self, id: RoleId, change: &RoleChange) -> Option<Effect> {
        let rights = |version: &Option<Version>| {
            let version = version.iter();
            in_order(version.flat_map(|version| {
                let rights = version.only.iter();
                rights.map(|permission| right(permission, self.through(&version.role)))
            }))
        };
        let on = match (&change.after, change.is_new) {
            (Some(after), true) => Affected::NewRole(id, after.role.details.name.clone()),
            _ => Affected::Role(id),
        };
        Effect {
            on,
            gained: rights(&change.after),
            lost: rights(&change.before),
            prefix: None,
        }
        .if_any()
    }

    fn on_user(&self, id: UserId) -> Option<Effect> {
        let engine = self.engine;
        engine.settled(&engine.collector.enter(), |guard| {
            let before = engine.entry_of(id, guard);
            let holding = before.map(|user| self.holding(&user.roles, user.extra.as_deref(), guard));
            let holding = holding.unwrap_or_default();
            match self.users.get(&id) {
                None => {
                    let after = holding
                        .roles
                        .iter()
                        .filter_map(|held| self.after(held.role))
                        .collect();
                    let after = Holding {
                        roles: after,
                        own: holding.own,
                    };
                    self.difference(Affected::User(id), &holding.of(before), &after.of(before))
                }
                Some(events) => {
                    let (user, roles) = after_events(engine.model, before, &holding, events);
                    let after = Holding {
                        roles: self.held_after(&roles, guard),
                        own: user.as_ref().and_then(|user| user.extra.as_deref()),
                    };
                    let on = match &user {
                        Some(made) if before.is_none() => Affected::NewUser(id, made.username.to_string()),
                        Some(_) | None => Affected::User(id),
                    };
                    self.difference(on, &holding.of(before), &after.of(user.as_ref()))
                }
            }
        })
    }

    fn on_machine(&self, machine: Machine) -> Option<Effect> {
        let engine = self.engine;
        engine.settled(&engine.collector.enter(), |guard| {
            let before = engine.machines.get(&machine, guard);
            let holding = before.map(|entry| self.holding(&entry.roles, Some(&entry.own), guard));
            let holding = holding.unwrap_or_default();
            let steps = self.machines.get(&machine).map(Vec::as_slice).unwrap_or_default();
            let (entry, roles) = machine_after(before, &holding, steps);
            let after = Holding {
                roles: self.held_after(&roles, guard),
                own: entry.as_ref().map(|entry| &entry.own),
            };
            let on = match before {
                Some(_) => Affected::Machine(machine),
                None => Affected::NewMachine(machine),
            };
            self.difference(on, &holding, &after)
        })
    }

    /// The roles with these ids, as they would be.
    fn held_after<'g>(&'g self, roles: &BTreeSet<RoleId>, guard: &'g LocalGuard<'_>) -> Vec<HeldRole<'g>> {
        let after = |id: &RoleId| match self.roles.get(id) {
            Some(change) => change.after.as_ref().map(Version::held),
            None => self.engine.entry(*id, guard).map(HeldRole::unchanged),
        };
        roles.iter().filter_map(after).collect()
    }

    /// What a holder has now: these roles, and this data of their own.
    pub(crate) fn holding<'g>(
        &'g self,
        roles: &'g Roles,
        own: Option<&'g Extra>,
        guard: &'g LocalGuard<'_>,
    ) -> Holding<'g> {
        let roles = self.engine.roles_of(roles, guard);
        let before = |role: &'g Role| match self.roles.get(&role.details.id) {
            Some(change) => change.before.as_ref().map(Version::held),
            None => Some(HeldRole::unchanged(role)),
        };
        Holding {
            roles: roles.filter_map(before).collect(),
            own,
        }
    }

    /// A role that is held now, as it would be.
    fn after<'g>(&'g self, role: &'g Role) -> Option<HeldRole<'g>> {
        match self.roles.get(&role.details.id) {
            Some(change) => change.after.as_ref().map(Version::held),
            None => Some(HeldRole::unchanged(role)),
        }
    }

    fn difference(&self, on: Affected, before: &Holding<'_>, after: &Holding<'_>) -> Option<Effect> {
        let (was, will) = (before.prefix(), after.prefix());
        Effect {
            on,
            gained: self.beyond(after, before),
            lost: self.beyond(before, after),
            prefix: (was != will).then(|| [was.cloned(), will.cloned()]),
        }
        .if_any()
    }

    /// The rights that one holding grants, and that no single grant of the other holding covers.
    fn beyond(&self, holding: &Holding<'_>, other: &Holding<'_>) -> Vec<Right> {
        let grants: Vec<&Grants> = other.grants().collect();
        let of_roles = holding.roles.iter().flat_map(|held| {
            // A permission that the role has at both times is covered by itself.
            let candidates = match other.has(held.role.details.id) {
                true => held.only,
                false => held.role.details.permissions.as_slice(),
            };
            let lacking = candidates
                .iter()
                .filter_map(|permission| lacking(permission, &grants));
            lacking.map(|permission| right(&permission, self.through(held.role)))
        });
        let same = |own: &&Extra| other.own.is_some_and(|other| std::ptr::eq(*own, other));
        let own = holding.own.filter(|own| !same(own)).into_iter();
        let own = own.flat_map(|own| own.permissions.as_slice());
        let own = own.filter_map(|permission| lacking(permission, &grants));
        in_order(of_roles.chain(own.map(|permission| right(&permission, None))))
    }

    fn through(&self, role: &Role) -> Option<RoleOfRight> {
        let id = role.details.id;
        let is_new = self.roles.get(&id).is_some_and(|change| change.is_new);
        Some(RoleOfRight {
            id: (!is_new).then_some(id),
            name: role.details.name.clone(),
        })
    }
}
