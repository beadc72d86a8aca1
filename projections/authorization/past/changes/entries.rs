//! Grants before it is known which events gave them: only the listed ones cost a look at their events.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Recorded,
    role::RoleEvent,
    values::{PermissionId, RoleId, RoleName},
};

use super::{
    super::{Cause, Grant, Through},
    Grants, HeldRole, MOST_LISTED, Span,
};
use crate::engine::about::About;

/// For each role: the positions of the events that named it, in order, each with the name.
pub type Names = BTreeMap<RoleId, Vec<(i64, RoleName)>>;

/// The caller did not say what a page needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The event at this position.
    #[error("the event at position {0} is missing")]
    Event(i64),
    /// The name of the role at this position.
    #[error("the event that named a role before position {0} is missing")]
    Name(i64),
}

/// A grant.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// A permission of the subject's own.
    Own(Grant),
    /// A permission of a role. It is listed with the name that the role had at the position `named`.
    OfRole { held: HeldRole, span: Span, named: i64 },
}

/// The first of several grants.
#[derive(Clone, Debug, Default)]
pub(super) struct Several {
    listed: Vec<Entry>,
    left_out: usize,
}

impl Entry {
    /// The order of [`Grant::order`].
    fn order(&self) -> (i64, i64, PermissionId) {
        match self {
            Self::Own(grant) => grant.order(),
            Self::OfRole { held, span, .. } => (held.since(span), span.since, span.permission.id),
        }
    }

    fn finish(self, causes: &BTreeMap<i64, Cause>, names: &Names) -> Result<Grant, Unknown> {
        match self {
            Self::Own(grant) => Ok(grant),
            Self::OfRole { held, span, named } => {
                let given = causes.get(&span.since).ok_or(Unknown::Event(span.since))?;
                Ok(Grant {
                    permission: span.permission,
                    given: given.clone(),
                    through: Some(Through {
                        role: held.role,
                        name: name_at(names, held.role, named)?,
                        granted: held.granted,
                    }),
                })
            }
        }
    }
}

/// The name that an event gives to a role.
pub fn role_name(event: &Recorded) -> Option<&RoleName> {
    match About::from(event) {
        About::Role(_, event) => match event {
            RoleEvent::Created { name, .. } | RoleEvent::Renamed { name } => Some(name),
            RoleEvent::SharingChanged { .. }
            | RoleEvent::GroupFormed { .. }
            | RoleEvent::GroupAddsNewApplicationsChanged { .. }
            | RoleEvent::ApplicationAttached { .. }
            | RoleEvent::ApplicationDetached { .. }
            | RoleEvent::PermissionAdded { .. }
            | RoleEvent::PermissionChanged { .. }
            | RoleEvent::PermissionRemoved { .. }
            | RoleEvent::Deleted {} => None,
        },
        About::User(..) | About::Session(..) | About::Nobody => None,
    }
}

fn name_at(names: &Names, role: RoleId, position: i64) -> Result<RoleName, Unknown> {
    let named = names.get(&role).into_iter().flatten();
    let last = named.take_while(|(since, _)| *since <= position).last();
    last.map(|(_, name)| name.clone()).ok_or(Unknown::Name(position))
}

impl Several {
    /// The first of `count` grants; `some` must have the first [`MOST_LISTED`].
    pub(super) fn of(mut some: Vec<Entry>, count: usize) -> Self {
        some.sort_by_key(Entry::order);
        some.truncate(MOST_LISTED);
        Self {
            left_out: count.saturating_sub(some.len()),
            listed: some,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.listed.len()
    }

    /// Adds the positions of the events that gave these grants, and the roles that they come from.
    pub(super) fn needs(&self, events: &mut BTreeSet<i64>, roles: &mut BTreeSet<RoleId>) {
        for entry in &self.listed {
            match entry {
                Entry::Own(_) => {}
                Entry::OfRole { held, span, .. } => {
                    events.insert(span.since);
                    roles.insert(held.role);
                }
            }
        }
    }

    pub(super) fn finish(self, causes: &BTreeMap<i64, Cause>, names: &Names) -> Result<Grants, Unknown> {
        let listed = self.listed.into_iter();
        Ok(Grants {
            listed: listed
                .map(|entry| entry.finish(causes, names))
                .collect::<Result<_, _>>()?,
            left_out: self.left_out,
        })
    }
}
