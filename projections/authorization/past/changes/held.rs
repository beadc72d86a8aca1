//! What counts for a subject at a moment, and what an event changes in it.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::values::{PermissionId, RoleId};

use super::{
    super::{Cause, Grant},
    HeldRole, Tenure,
};

/// The own permissions that count.
pub(super) type Own = BTreeMap<PermissionId, Grant>;

/// The roles that count, each with the event that granted it.
pub(super) type Roles = BTreeMap<RoleId, Option<Cause>>;

/// What counts for the subject at a moment.
#[derive(Default)]
pub(super) struct Held {
    pub(super) roles: Roles,
    pub(super) own: Own,
    pub(super) prefix: Option<String>,
}

/// What an event changes in this, each as it was and as it is.
#[derive(Default)]
pub(super) struct Moves {
    pub(super) roles: BTreeMap<RoleId, [Option<Option<Cause>>; 2]>,
    pub(super) own: BTreeMap<PermissionId, [Option<Grant>; 2]>,
    pub(super) prefix: Option<[Option<String>; 2]>,
}

impl Held {
    pub(super) fn tenures(&self, from: i64) -> Vec<Tenure> {
        let tenure = |(role, granted): (&RoleId, &Option<Cause>)| Tenure {
            held: HeldRole {
                role: *role,
                granted: granted.clone(),
            },
            after: from,
            until: None,
        };
        self.roles.iter().map(tenure).collect()
    }

    pub(super) fn take(&mut self, moves: Moves) {
        for (role, [_, now]) in moves.roles {
            set(&mut self.roles, role, now);
        }
        for (permission, [_, now]) in moves.own {
            set(&mut self.own, permission, now);
        }
        if let Some([_, now]) = moves.prefix {
            self.prefix = now;
        }
    }
}

fn set<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => map.insert(key, value),
        None => map.remove(&key),
    };
}

/// Those keys of two maps whose values differ, each with both values.
pub(super) fn differing<K: Ord + Copy, V: Clone + PartialEq>(
    before: &BTreeMap<K, V>,
    now: &BTreeMap<K, V>,
) -> BTreeMap<K, [Option<V>; 2]> {
    let keys: BTreeSet<K> = before.keys().chain(now.keys()).copied().collect();
    let both = keys
        .into_iter()
        .map(|key| (key, [before.get(&key), now.get(&key)]));
    both.filter(|(_, [before, now])| before != now)
        .map(|(key, both)| (key, both.map(Option::<&V>::cloned)))
        .collect()
}
