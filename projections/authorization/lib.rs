//! The authorization projection: who holds what, in memory, compiled for checks.
//!
//! `Authorization` is shared by all readers, and a single writer feeds it. Its parts:
//!
//! - `users`: each user who may do anything, with the indexes of the roles they hold and, if they have any, permissions
//!   of their own;
//! - `suspended`: the users who may do nothing, whatever they hold;
//! - `roles`: each role by index, with its permissions compiled: few into signatures (`scan`), many into a tree over
//!   levels (`trie`);
//! - `outlines`: a summary of what the roles grant, not exact, in as little memory as a check can touch;
//! - `index`: a copy of the roles that each user holds, in as little memory as a check can touch;
//! - `names`: usernames to users. The user's own entry is the truth; a reader verifies a user found here against it;
//! - `sessions`: tokens by fingerprint, each with the position at which it was issued;
//! - `certificates`: which user may present which certificate, by fingerprint;
//! - `machines` and `credentials`: the same for API keys, devices and service accounts;
//! - `directory`: the resources to which a resource belongs.
//!
//! A check finds the user in the index, looks at the outlines of their roles, and asks those roles that may grant the
//! access. When a role changes, nothing is copied per user: an event touches the one entry that it is about.
//!
//! # Invariants
//!
//! - Entries are immutable, and the writer replaces each as a whole, by one store. A reader sees an entry before or
//!   after a run of events of one stream, never in between. The slots of `index` and the outlines are the exception:
//!   the writer writes them in place, and what a reader finds there counts only if no run began or ended meanwhile.
//! - The writer publishes `Authorization::position` after all entries up to it. A reader that sees position *p* and
//!   then asks gets an answer of position *p* or later.
//! - A decision reads several entries, but it is the decision of the ledger at one position: `begun` changes before
//!   any entry does, and a reader that saw it change reads again (`check`). For example, if a role is taken from a user
//!   and a permission is then added to the role, no decision grants that permission to the user. If the writer never
//!   pauses, while a rebuild runs, a reader gives up in the end and takes each entry at its own position.
//! - Readers take no lock, and a check allocates nothing. The memory of replaced entries is freed once no reader can
//!   see it (`seize`).
//! - The index of a role is never used again. So a deleted role is gone at once for all its holders, at no cost, and
//!   no later role is mistaken for it.
//! - No list of void sessions is needed: the user's entry says by positions which sessions have ended (`Ends`), and a session
//!   is void if the user is gone.
//! - Whatever is unknown is denied. A user who may do nothing is unknown: `put_user` keeps them out of `users` and
//!   `index`, so no reader can forget to ask. Only readers that decide nothing look at `suspended`.

pub mod directory;
mod engine;
mod giving;
mod interest;
pub mod past;
mod patterns;
mod principals;
mod shortened;
mod vocabularies;
mod what_if;

#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use aggregates::{
    text::spelling,
    values::{Permission, RoleId, UserId},
};
use papaya::HashMap;
use seize::{Collector, Guard, LocalGuard};

use directory::Directory;
use engine::{apply::WriterState, index::UserIndex};
use patterns::{hash::IdHash, outline::Outlines};
use principals::{
    certificates::Digest,
    machines::{CredentialKey, Issued, MachineEntry},
    roles::{Role, RoleIndex},
    sessions::Session,
    users::{Roles, User},
};

pub use engine::{
    facts::{Fact, MachineStep},
    loader::{LoadedRole, LoadedUser, Loader, Misfit},
    views::{Decision, RoleView, UserView},
};
pub use giving::{GroundStream, Grounds, Lacking, LimitedRole, MissingRight};
pub use interest::Interest;
pub use principals::{
    certificates::CertificateView,
    licences::ReadableLicences,
    machines::{Credential, Machine, MachineKind},
    methods::{GrantTypes, Methods},
    reach::Reach,
    sessions::{Bearer, SessionView},
    standing::Standing,
    subject::{Answer, Principal, Reason, Search, Subject, SubjectType},
    users::Duty,
};
pub use shortened::shortened;
pub use vocabularies::{
    Asked, Ids, Impossible, Inquiry, MODEL, Model, Property, ResourceType, Space, Wanted,
    access::{Access, Names, Part, Want},
    os2iot::{API_KEY, account as account_entry, machine as api_key_machine},
    paths::segments,
    routes::Routes,
};
pub use what_if::{Affected, Effect, Limits, PageStart, Right, RoleOfRight, WhatIf};

/// Who may do what, at a position of the ledger.
pub struct Authorization {
    model: &'static Model,
    users: HashMap<UserId, User, IdHash>,
    suspended: HashMap<UserId, User, IdHash>,
    index: UserIndex,
    roles: HashMap<RoleIndex, Role, IdHash>,
    outlines: Outlines,
    role_indexes: HashMap<RoleId, RoleIndex, IdHash>,
    /// Hashes with a key, since strangers may choose names.
    names: HashMap<Arc<str>, UserId>,
    sessions: HashMap<[u8; 32], Session, IdHash>,
    /// Hashes with a key, since strangers make certificates.
    certificates: HashMap<Digest, CertificateView>,
    machines: HashMap<Machine, MachineEntry>,
    /// Hashes with a key, since strangers make certificates.
    credentials: HashMap<CredentialKey, Issued>,
    directory: Directory,
    /// Frees the entries that all these maps replace. They share it, so that one guard protects them all.
    collector: Arc<Collector>,
    /// The position of the last event whose run has begun.
    begun: AtomicI64,
    /// The position of the last event whose run is applied: either `begun`, or the value that `begun` had before.
    applied: AtomicI64,
    position: AtomicI64,
    writer: Mutex<WriterState>,
}

impl Default for Authorization {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows no data about anyone.
impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorization")
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

impl Authorization {
    /// An empty projection, at position 0.
    pub fn new() -> Self {
        Self::within(&MODEL)
    }

    /// An empty projection, at position 0, with the kinds of a model.
    pub fn within(model: &'static Model) -> Self {
        let collector = Arc::new(Collector::new());
        Self {
            model,
            users: HashMap::builder()
                .hasher(IdHash)
                .shared_collector(Arc::clone(&collector))
                .build(),
            suspended: HashMap::builder()
                .hasher(IdHash)
                .shared_collector(Arc::clone(&collector))
                .build(),
            index: UserIndex::new(Arc::clone(&collector)),
            roles: HashMap::builder()
                .hasher(IdHash)
                .shared_collector(Arc::clone(&collector))
                .build(),
            outlines: Outlines::default(),
            role_indexes: HashMap::builder()
                .hasher(IdHash)
                .shared_collector(Arc::clone(&collector))
                .build(),
            names: HashMap::builder()
                .shared_collector(Arc::clone(&collector))
                .build(),
            sessions: HashMap::builder()
                .hasher(IdHash)
                .shared_collector(Arc::clone(&collector))
                .build(),
            certificates: HashMap::builder()
                .shared_collector(Arc::clone(&collector))
                .build(),
            machines: HashMap::builder()
                .shared_collector(Arc::clone(&collector))
                .build(),
            credentials: HashMap::builder()
                .shared_collector(Arc::clone(&collector))
                .build(),
            directory: Directory::new(model, Arc::clone(&collector)),
            collector,
            begun: AtomicI64::new(0),
            applied: AtomicI64::new(0),
            position: AtomicI64::new(0),
            writer: Mutex::default(),
        }
    }

    /// The position of the newest event of which a reader may have seen something. What was read before is not of a later position.
    pub fn newest(&self) -> i64 {
        self.begun.load(Ordering::Acquire)
    }

    /// The position of the last applied event. Later questions are answered at this position or a later one.
    pub fn position(&self) -> i64 {
        self.position.load(Ordering::Acquire)
    }

    /// The user with this id, if they exist and may do anything.
    pub fn user(&self, id: UserId) -> Option<UserView> {
        self.consistently(&self.collector.enter(), |guard| {
            let user = self.users.get(&id, guard)?;
            let mut roles: Vec<RoleId> = self
                .roles_of(&user.roles, guard)
                .map(|role| role.details.id)
                .collect();
            roles.sort_unstable();
            Some(UserView {
                username: Arc::clone(&user.username),
                grant_types: user.grant_types.to_vec(),
                enforce_mfa_enrollment: user.enforce_mfa_enrollment,
                has_second_factor: user.has_second_factor,
                must_change_password: user.must_change_password,
                mqtt_publish_prefix: user
                    .extra
                    .as_ref()
                    .and_then(|extra| extra.mqtt_publish_prefix.clone()),
                roles,
                identity_provider: user.identity_provider,
            })
        })
    }

    /// Whether a user with this id exists, even if they may do nothing.
    pub fn has_user(&self, id: UserId) -> bool {
        self.settled(&self.collector.enter(), |guard| {
            self.entry_of(id, guard).is_some()
        })
    }

    /// The number of users, including those who may do nothing.
    pub fn user_count(&self) -> usize {
        self.users.len() + self.suspended.len()
    }

    /// The entry of a user, even of a user who may do nothing. A reader that decides about rights must not call it. Readers
    /// other than the writer call it within [`Authorization::settled`], since a run may move the entry.
    pub(crate) fn entry_of<'g>(&self, id: UserId, guard: &'g LocalGuard<'_>) -> Option<&'g User> {
        self.users
            .get(&id, guard)
            .or_else(|| self.suspended.get(&id, guard))
    }

    /// The number of roles. The roles that carry users' own permissions do not count.
    pub fn role_count(&self) -> usize {
        self.roles.len()
    }

    /// The user with this name, however it is spelt: first a user whose name was recorded like this, then the user of the
    /// name's own spelling ([`aggregates::text::spelling`]). An erased name belongs to nobody.
    pub fn user_by_name(&self, username: &str) -> Option<UserId> {
        self.named(username, &self.collector.enter())
    }

    /// The user whose name was recorded exactly like this.
    pub fn user_by_exact_name(&self, username: &str) -> Option<UserId> {
        self.named_exactly(username, &self.collector.enter())
    }

    fn named_exactly(&self, name: &str, guard: &LocalGuard<'_>) -> Option<UserId> {
        let id = self.names.get(name, guard)?;
        let user = self.users.get(id, guard)?;
        (*user.username == *name).then_some(*id)
    }

    pub(crate) fn named(&self, username: &str, guard: &LocalGuard<'_>) -> Option<UserId> {
        self.named_exactly(username, guard)
            .or_else(|| match spelling(username) {
                Cow::Owned(other) => self.named_exactly(&other, guard),
                Cow::Borrowed(_) => None,
            })
    }

    /// All permissions of a user: first those of their roles in the order of the roles' ids, then their own; each in
    /// the order of the permissions' ids.
    pub fn permissions(&self, user: UserId) -> Vec<Permission> {
        self.consistently(&self.collector.enter(), |guard| {
            let Some(user) = self.users.get(&user, guard) else {
                return Vec::new();
            };
            let mut roles: Vec<&Role> = self.roles_of(&user.roles, guard).collect();
            roles.sort_unstable_by_key(|role| role.details.id);
            let own = user.extra.iter().map(|extra| &extra.permissions);
            let all = roles.into_iter().map(|role| &role.details.permissions).chain(own);
            all.flat_map(|permissions| permissions.as_slice())
                .cloned()
                .collect()
        })
    }

    /// The role with this id, if it exists.
    pub fn role(&self, id: RoleId) -> Option<RoleView> {
        let guard = self.collector.enter();
        let index = self.role_indexes.get(&id, &guard)?;
        let role = self.roles.get(index, &guard)?;
        Some(RoleView {
            name: role.details.name.clone(),
            is_shared: role.details.is_shared,
            auto_generated: role.details.auto_generated,
            permissions: role.details.permissions.as_slice().to_vec(),
        })
    }

    /// The session of the token with this SHA-256, unless it is void. The caller must check whether it expired.
    pub fn session(&self, fingerprint: &[u8; 32]) -> Option<SessionView> {
        let guard = self.collector.enter();
        let session = self.sessions.get(fingerprint, &guard)?;
        self.is_live(session, &guard).then_some(session.view)
    }

    /// The number of sessions in memory: all except those revoked one by one or dropped.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// Whether the user of a session exists, and no event of the user ended the session.
    fn is_live(&self, session: &Session, guard: &impl Guard) -> bool {
        let user = self.users.get(&session.view.user_id, guard);
        user.is_some_and(|user| user.ends.spares(session))
    }

    /// The roles of a holder, in any order.
    #[inline]
    fn roles_of<'g>(&self, roles: &'g Roles, guard: &'g LocalGuard<'_>) -> impl Iterator<Item = &'g Role> {
        roles
            .as_slice()
            .iter()
            .filter_map(|index| self.roles.get(index, guard))
    }
}
