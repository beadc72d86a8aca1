//! What events that are not recorded would change: who would gain which rights, and who would lose them.
//!
//! A right is gained if no single grant that its holder has before covers it, and lost if no single one that is left
//! does: the context is the same, each operation is looked at by itself, and the grant's pattern covers all of the
//! right's, as it must cover a subscription. So a right that somebody has twice is not lost with the first of them.
//!
//! That several grants cover a pattern together is not recognised: whoever may read `a` and `a/+/#` and is given
//! `a/#` is told to gain it. So more may be told than changes for any topic or path, but never less.
//!
//! Told are rights of roles and users. That a token or a certificate no longer counts for its user is not.

mod effect;
mod holding;

use std::{collections::BTreeMap, ops::ControlFlow};

use aggregates::{
    Event,
    role::RoleEvent,
    user::UserEvent,
    values::{RoleId, UserId},
};
use seize::LocalGuard;

use crate::{
    Authorization,
    engine::{
        about::About,
        search::{RoleIndexes, may_be_granted},
    },
    patterns::grants::Grants,
    principals::{roles::Role, users::User},
};
use holding::{Held, Holding, RoleChange, Version, after_events, in_order, lacking, right};

pub use effect::{Affected, Effect, Right, Through};

/// How much is told and looked at for one page.
#[derive(Clone, Copy, Debug)]
pub struct Most {
    /// Effects.
    pub effects: usize,
    /// Rights, all effects together; the effect that passes this is told whole.
    pub rights: usize,
    /// Holders of roles who are looked at.
    pub looks: usize,
}

/// Where a page begins, in an order that never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// After so many of those whom the events themselves are about.
    Named(u32),
    /// After this holder of a role.
    Holder(UserId),
}

/// Roles and users as they would be after events that are not recorded.
pub struct WhatIf<'a> {
    engine: &'a Authorization,
    roles: BTreeMap<RoleId, RoleChange>,
    users: BTreeMap<UserId, Vec<&'a UserEvent>>,
}

impl Authorization {
    /// What these events would change, each with the id of what it happens to. They are as if they came next.
    ///
    /// A right is gained if no single grant covers it before, and lost if no single one does after. That several grants
    /// cover it together is not recognised.
    pub fn what_if<'a>(&'a self, events: impl IntoIterator<Item = (&'a str, &'a Event)>) -> WhatIf<'a> {
        let mut of_roles: BTreeMap<RoleId, Vec<&RoleEvent>> = BTreeMap::new();
        let mut users: BTreeMap<UserId, Vec<&UserEvent>> = BTreeMap::new();
        for (id, event) in events {
            match About::of(id, event) {
                About::Role(id, event) => of_roles.entry(id).or_default().push(event),
                About::User(id, event) => users.entry(id).or_default().push(event),
                // A token has no rights of its own.
                About::Session(..) | About::Nobody => {}
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
        }
    }

    fn entry<'g>(&self, id: RoleId, guard: &'g LocalGuard<'_>) -> Option<&'g Role> {
        self.roles.get(self.role_indexes.get(&id, guard)?, guard)
    }
}

impl WhatIf<'_> {
    /// What would change, from a place on: first for the roles and the users whom the events themselves are about, then
    /// for the other holders of the roles. Who is left as they are is left out. Answers the place of the next page,
    /// if there may be one.
    pub fn page(&self, from: Place, most: Most) -> (Vec<Effect>, Option<Place>) {
        let mut told = Told {
            effects: Vec::new(),
            rights: 0,
            most,
            place: from,
        };
        let after = match from {
            Place::Holder(user) => Some(user),
            Place::Named(count) => {
                for (effect, number) in self.named().into_iter().zip(1..).skip(count as usize) {
                    if let Some(effect) = effect
                        && let Err(next) = told.take(effect, Place::Named(number))
                    {
                        return (told.effects, Some(next));
                    }
                }
                None
            }
        };
        let next = self.tell_holders(after, &mut told);
        (told.effects, next)
    }

    fn named(&self) -> Vec<Option<Effect>> {
        let roles = self.roles.iter().map(|(id, change)| self.on_role(*id, change));
        let users = self.users.keys().map(|id| self.on_user(*id));
        roles.chain(users).collect()
    }

    fn tell_holders(&self, after: Option<UserId>, told: &mut Told) -> Option<Place> {
        let indexes = self.indexes();
        if indexes.is_empty() {
            return None;
        }
        let mut looks = 0;
        let mut next = None;
        self.engine.each_user(after, |id, found| {
            if self.users.contains_key(&id) || !may_be_granted(&found, &indexes) {
                return ControlFlow::Continue(());
            }
            if let Some(effect) = self.on_user(id)
                && let Err(place) = told.take(effect, Place::Holder(id))
            {
                next = Some(place);
                return ControlFlow::Break(());
            }
            looks += 1;
            if looks < told.most.looks {
                return ControlFlow::Continue(());
            }
            next = Some(Place::Holder(id));
            ControlFlow::Break(())
        });
        next
    }

    /// The roles whose holders may gain or lose anything.
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
        engine.consistently(&engine.collector.enter(), |guard| {
            let before = engine.users.get(&id, guard);
            let holding = before.map(|user| self.holding(user, guard)).unwrap_or_default();
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
                    self.difference(Affected::User(id), &holding, &after)
                }
                Some(events) => {
                    let (user, roles) = after_events(before, &holding, events);
                    let roles = roles.iter().filter_map(|id| match self.roles.get(id) {
                        Some(change) => change.after.as_ref().map(Version::held),
                        None => engine.entry(*id, guard).map(Held::unchanged),
                    });
                    let after = Holding {
                        roles: roles.collect(),
                        own: user.as_ref().and_then(|user| user.extra.as_deref()),
                    };
                    let on = match &user {
                        Some(made) if before.is_none() => Affected::NewUser(id, made.username.to_string()),
                        Some(_) | None => Affected::User(id),
                    };
                    self.difference(on, &holding, &after)
                }
            }
        })
    }

    /// What a user holds now.
    fn holding<'g>(&'g self, user: &'g User, guard: &'g LocalGuard<'_>) -> Holding<'g> {
        let roles = self.engine.roles_of(user, guard);
        let before = |role: &'g Role| match self.roles.get(&role.details.id) {
            Some(change) => change.before.as_ref().map(Version::held),
            None => Some(Held::unchanged(role)),
        };
        Holding {
            roles: roles.filter_map(before).collect(),
            own: user.extra.as_deref(),
        }
    }

    /// What becomes of a role that is held now.
    fn after<'g>(&'g self, role: &'g Role) -> Option<Held<'g>> {
        match self.roles.get(&role.details.id) {
            Some(change) => change.after.as_ref().map(Version::held),
            None => Some(Held::unchanged(role)),
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

    /// What is granted by one holding, and by no single grant of the other.
    fn beyond(&self, holding: &Holding<'_>, other: &Holding<'_>) -> Vec<Right> {
        let grants: Vec<&Grants> = other.grants().collect();
        let of_roles = holding.roles.iter().flat_map(|held| {
            // What it grants at both times is covered by itself.
            let candidates = match other.has(held.role.details.id) {
                true => held.only,
                false => held.role.details.permissions.as_slice(),
            };
            let lacking = candidates
                .iter()
                .filter_map(|permission| lacking(permission, &grants));
            lacking.map(|permission| right(&permission, self.through(held.role)))
        });
        let same =
            |own: &&crate::principals::users::Extra| other.own.is_some_and(|other| std::ptr::eq(*own, other));
        let own = holding.own.filter(|own| !same(own)).into_iter();
        let own = own.flat_map(|own| own.permissions.as_slice());
        let own = own.filter_map(|permission| lacking(permission, &grants));
        in_order(of_roles.chain(own.map(|permission| right(&permission, None))))
    }

    fn through(&self, role: &Role) -> Option<Through> {
        let id = role.details.id;
        let is_new = self.roles.get(&id).is_some_and(|change| change.is_new);
        Some(Through {
            id: (!is_new).then_some(id),
            name: role.details.name.clone(),
        })
    }
}

/// A page in the making.
struct Told {
    effects: Vec<Effect>,
    rights: usize,
    most: Most,
    /// Where the last effect that is told stands.
    place: Place,
}

impl Told {
    /// Tells one more, or answers where the next page begins.
    fn take(&mut self, effect: Effect, place: Place) -> Result<(), Place> {
        let is_full = self.effects.len() >= self.most.effects || self.rights >= self.most.rights;
        if is_full {
            return Err(self.place);
        }
        self.rights += effect.gained.len() + effect.lost.len();
        self.effects.push(effect);
        self.place = place;
        Ok(())
    }
}
