//! What aggregates were before an event.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Event, Listed, Recorded, Registered,
    role::{Role, RoleEvent},
    session::{Session, SessionEvent},
    user::{User, UserEvent},
    values::{Context, Permission, PermissionId},
};
use ledger::{Filter, Ledger, LedgerError};

/// How many events are read at once.
const PAGE: i64 = 1_000;
/// How many patterns of a role are remembered at most.
const MOST_PATTERNS: usize = 64;

/// What the aggregates of a page of events were before each of its events, as far as it matters who may do less.
///
/// Their streams are read once for a page. After that, the events of the page say the rest.
#[derive(Default)]
pub(super) struct Before {
    users: BTreeMap<String, User>,
    roles: BTreeMap<String, RolePast>,
    sessions: BTreeMap<String, Session>,
}

/// What a role was, and what it granted over MQTT at any time.
#[derive(Default)]
pub(super) struct RolePast {
    role: Role,
    /// The position of its first event.
    since: i64,
    /// Each pattern with its operation once.
    ever: Ever,
}

/// All that a role ever granted over MQTT.
#[derive(Clone, Debug)]
pub(super) enum Ever {
    /// These permissions.
    These(Vec<Permission>),
    /// More permissions than are remembered.
    Many,
}

impl Default for Ever {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

impl Before {
    /// What the aggregates were before the first of these events, which must be a page of the ledger without gaps.
    pub(super) async fn of(ledger: &Ledger, page: &[Recorded]) -> Result<Self, LedgerError> {
        let mut wanted: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for recorded in page {
            if let Some((aggregate_type, id)) = wants(recorded) {
                wanted.entry(aggregate_type).or_default().insert(id);
            }
        }
        let until = page.first().map_or(0, |first| first.position - 1);
        let mut before = Self::default();
        for (aggregate_type, ids) in &wanted {
            before.begin(aggregate_type, ids);
            for recorded in ledger.streams_until(aggregate_type, ids, until).await? {
                before.pass(&recorded);
            }
        }
        Ok(before)
    }

    fn begin(&mut self, aggregate_type: &str, ids: &BTreeSet<String>) {
        let ids = ids.iter().cloned();
        match aggregate_type {
            User::TYPE => self.users.extend(ids.map(|id| (id, User::default()))),
            Role::TYPE => self.roles.extend(ids.map(|id| (id, RolePast::default()))),
            _ => self.sessions.extend(ids.map(|id| (id, Session::default()))),
        }
    }

    /// Goes on past an event.
    pub(super) fn pass(&mut self, recorded: &Recorded) {
        let id = &recorded.aggregate_id;
        match &recorded.event {
            Event::User(event) => {
                if let Some(user) = self.users.get_mut(id) {
                    user.apply(event.clone());
                }
            }
            Event::Role(event) => {
                if let Some(role) = self.roles.get_mut(id) {
                    role.apply(recorded.position, event);
                }
            }
            Event::Session(event) => {
                if let Some(session) = self.sessions.get_mut(id) {
                    session.apply(event.clone());
                }
            }
            Event::ClientRegistry(_)
            | Event::Registration(_)
            | Event::ServiceAccount(_)
            | Event::Authority(_)
            | Event::CertifiedKey(_)
            | Event::Organisation(_)
            | Event::Application(_)
            | Event::ApiKey(_)
            | Event::Account(_)
            | Event::Agreement(_)
            | Event::Licence(_)
            | Event::Seat(_)
            | Event::SignIn(_)
            | Event::NxAccount(_) => {}
        }
    }

    /// A permission of a user's own.
    pub(super) fn own(&self, user: &str, id: PermissionId) -> Option<&Permission> {
        self.users.get(user)?.permissions.get(&id)
    }

    /// The role with this id.
    pub(super) fn role(&self, id: &str) -> Option<&RolePast> {
        self.roles.get(id)
    }

    /// A session.
    pub(super) fn session(&self, id: &str) -> Option<&Session> {
        self.sessions.get(id)
    }
}

/// The aggregate whose past says whether an event takes something, and from whom.
fn wants(recorded: &Recorded) -> Option<(&'static str, String)> {
    let id = recorded.aggregate_id.clone();
    match &recorded.event {
        Event::User(UserEvent::PermissionRevoked { .. }) => Some((User::TYPE, id)),
        Event::User(UserEvent::RoleRevoked { role_id }) => Some((Role::TYPE, role_id.to_string())),
        Event::Role(
            RoleEvent::PermissionRemoved { .. } | RoleEvent::PermissionChanged { .. } | RoleEvent::Deleted {},
        ) => Some((Role::TYPE, id)),
        Event::Session(SessionEvent::TokenRevoked {}) => Some((Session::TYPE, id)),
        Event::User(_)
        | Event::Role(_)
        | Event::Session(_)
        | Event::ClientRegistry(_)
        | Event::Registration(_)
        | Event::ServiceAccount(_)
        | Event::Authority(_)
        | Event::CertifiedKey(_)
        | Event::Organisation(_)
        | Event::Application(_)
        | Event::ApiKey(_)
        | Event::Account(_)
        | Event::Agreement(_)
        | Event::Licence(_)
        | Event::Seat(_)
        | Event::SignIn(_)
        | Event::NxAccount(_) => None,
    }
}

impl RolePast {
    fn apply(&mut self, position: i64, event: &RoleEvent) {
        if self.since == 0 {
            self.since = position;
        }
        self.role.apply(event.clone());
        let given = match event {
            RoleEvent::PermissionAdded { permission } => Some(permission.id),
            RoleEvent::PermissionChanged { id, .. } => Some(*id),
            RoleEvent::Created { .. }
            | RoleEvent::Renamed { .. }
            | RoleEvent::SharingChanged { .. }
            | RoleEvent::GroupFormed { .. }
            | RoleEvent::GroupAddsNewApplicationsChanged { .. }
            | RoleEvent::ApplicationAttached { .. }
            | RoleEvent::ApplicationDetached { .. }
            | RoleEvent::PermissionRemoved { .. }
            | RoleEvent::Deleted {} => None,
        };
        if let Some(permission) = given.and_then(|id| self.role.permissions.get(&id)) {
            self.ever.add(permission);
        }
    }

    /// A permission of the role.
    pub(super) fn permission(&self, id: PermissionId) -> Option<&Permission> {
        self.role.permissions.get(&id)
    }

    /// All that the role ever granted over MQTT.
    pub(super) fn ever(&self) -> &Ever {
        &self.ever
    }

    /// The position of the first event of the role: it was granted to nobody before.
    pub(super) fn since(&self) -> i64 {
        self.since
    }
}

impl Ever {
    fn add(&mut self, permission: &Permission) {
        let Self::These(known) = self else { return };
        let is_same = |other: &Permission| {
            (&other.resource, other.operation) == (&permission.resource, permission.operation)
        };
        if permission.context != Context::Mqtt || known.iter().any(is_same) {
            return;
        }
        match known.len() < MOST_PATTERNS {
            true => known.push(permission.clone()),
            false => *self = Self::Many,
        }
    }
}

/// The aggregate with this id, as it was right before the event at `position`.
pub(super) async fn before<A: Listed>(
    ledger: &Ledger,
    id: impl ToString,
    position: i64,
) -> Result<A, LedgerError> {
    let filter = Filter {
        aggregate_type: Some(A::TYPE.to_owned()),
        aggregate_id: Some(id.to_string()),
        event_type: None,
    };
    let (mut state, mut from) = (A::default(), 0);
    loop {
        let mut stored = ledger.after(from, PAGE, &filter).await?;
        let is_last =
            (stored.len() as i64) < PAGE || stored.last().is_some_and(|last| last.position >= position);
        stored.retain(|event| event.position < position);
        for Recorded { position, event, .. } in ledger.open_events(&stored).await? {
            from = position;
            if let Some(event) = event.of::<A>() {
                state.apply(event.clone());
            }
        }
        if is_last {
            return Ok(state);
        }
    }
}
