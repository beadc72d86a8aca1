//! The same answers in the simplest way: plain maps, full walks, and filters matched in the words of the specification.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Recorded, Registered,
    role::{Role, RoleEvent},
    sealing::ERASED,
    session::{Session, SessionEvent},
    user::{User, UserEvent},
    values::{
        Context, Fingerprint, GrantMethod, GrantType, IdentityProvider, Operation, Permission, PermissionId,
        RoleId, SessionId, Timestamp, UserId,
    },
};

pub(super) struct OracleUser {
    pub(super) username: String,
    pub(super) identity_provider: IdentityProvider,
    pub(super) prefix: Option<String>,
    pub(super) grant_types: Vec<GrantType>,
    pub(super) enforce_mfa: bool,
    pub(super) has_second_factor: bool,
    pub(super) must_change_password: bool,
    pub(super) roles: BTreeSet<RoleId>,
    pub(super) own: BTreeMap<PermissionId, Permission>,
}

pub(super) struct OracleRole {
    pub(super) name: String,
    pub(super) is_shared: bool,
    pub(super) permissions: BTreeMap<PermissionId, Permission>,
}

pub(super) struct OracleSession {
    pub(super) id: SessionId,
    pub(super) fingerprint: [u8; 32],
    pub(super) user: UserId,
    pub(super) methods: Vec<GrantMethod>,
    pub(super) expires_at: Timestamp,
    pub(super) void: bool,
}

#[derive(Default)]
pub(super) struct Oracle {
    pub(super) users: BTreeMap<UserId, OracleUser>,
    pub(super) roles: BTreeMap<RoleId, OracleRole>,
    pub(super) sessions: Vec<OracleSession>,
    pub(super) certificates: BTreeMap<Fingerprint, (UserId, Option<Timestamp>)>,
    pub(super) position: i64,
    /// The state of each user's aggregate, which says whether the user may act.
    aggregates: BTreeMap<UserId, User>,
    /// In a model of a test: whether an event suspends its user or restores the user. Then the oracle does not ask the
    /// aggregate.
    suspends: Option<fn(&UserEvent) -> Option<bool>>,
    suspended: BTreeSet<UserId>,
}

impl Oracle {
    /// An oracle without users, for a model in which some events suspend their user (`true`) or restore the user
    /// (`false`).
    pub(super) fn suspending(suspends: fn(&UserEvent) -> Option<bool>) -> Self {
        Self {
            suspends: Some(suspends),
            ..Self::default()
        }
    }

    pub(super) fn apply(&mut self, recorded: &Recorded) {
        self.position = recorded.position;
        let (id, event) = (&recorded.aggregate_id, &recorded.event);
        if let Some(event) = event.of::<User>() {
            let id = UserId::parse(id).unwrap();
            let (existed, could_act) = (self.users.contains_key(&id), self.may_act(id));
            self.user_event(id, event);
            // An aggregate is created only once, and no other event comes before or after its life.
            if matches!(event, UserEvent::Created { .. }) != existed {
                self.aggregates.entry(id).or_default().apply(event.clone());
            }
            match self.suspends.and_then(|suspends| suspends(event)) {
                Some(true) if self.users.contains_key(&id) => drop(self.suspended.insert(id)),
                Some(_) => drop(self.suspended.remove(&id)),
                None => {}
            }
            if self.may_act(id) != could_act {
                self.void_sessions(id);
            }
        } else if let Some(event) = event.of::<Role>() {
            self.role_event(RoleId::parse(id).unwrap(), event);
        } else if let Some(event) = event.of::<Session>() {
            self.session_event(SessionId::parse(id).unwrap(), event);
        } else {
            panic!(
                "the oracle does not know the events of a {}",
                event.aggregate_type()
            );
        }
    }

    /// Whether a user may do anything at all.
    fn may_act(&self, id: UserId) -> bool {
        match self.suspends {
            None => self.aggregates.get(&id).is_some_and(User::may_act),
            Some(_) => self.users.contains_key(&id) && !self.suspended.contains(&id),
        }
    }

    /// A user who may do anything.
    pub(super) fn acting(&self, id: UserId) -> Option<&OracleUser> {
        self.users.get(&id).filter(|_| self.may_act(id))
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    fn user_event(&mut self, id: UserId, event: &UserEvent) {
        match event.clone() {
            UserEvent::Created {
                username,
                identity_provider,
                mqtt_publish_prefix: prefix,
                grant_types,
                enforce_mfa_enrollment: enforce_mfa,
                auto_generated: _,
                password_hash: _,
            } => {
                self.users.entry(id).or_insert(OracleUser {
                    username,
                    identity_provider,
                    prefix,
                    grant_types,
                    enforce_mfa,
                    has_second_factor: false,
                    must_change_password: false,
                    roles: BTreeSet::new(),
                    own: BTreeMap::new(),
                });
            }
            UserEvent::Renamed { username } => self.change_user(id, |user| user.username = username),
            UserEvent::PublishPrefixChanged { mqtt_publish_prefix } => {
                self.change_user(id, |user| user.prefix = mqtt_publish_prefix);
            }
            UserEvent::GrantTypesChanged { grant_types } => {
                self.change_user(id, |user| user.grant_types = grant_types);
            }
            UserEvent::MfaEnforcementChanged {
                enforce_mfa_enrollment,
            } => self.change_user(id, |user| user.enforce_mfa = enforce_mfa_enrollment),
            UserEvent::IdentityProviderChanged { identity_provider } => {
                self.change_user(id, |user| {
                    user.identity_provider = identity_provider;
                    user.must_change_password &= identity_provider == IdentityProvider::Local;
                });
            }
            UserEvent::RoleGranted { role_id, .. } => {
                self.change_user(id, |user| {
                    user.roles.insert(role_id);
                });
            }
            UserEvent::RoleRevoked { role_id } => {
                self.change_user(id, |user| {
                    user.roles.remove(&role_id);
                });
            }
            UserEvent::PermissionGranted { permission } => {
                self.change_user(id, |user| drop(user.own.insert(permission.id, permission)));
            }
            UserEvent::PermissionRevoked { id: permission } => {
                self.change_user(id, |user| drop(user.own.remove(&permission)));
            }
            UserEvent::CertificateAdded { certificate } => {
                if self.users.contains_key(&id) {
                    let held = (id, certificate.expires_at);
                    self.certificates.insert(certificate.fingerprint, held);
                }
            }
            UserEvent::CertificateRemoved { fingerprint } => {
                self.certificates
                    .retain(|held, (owner, _)| (held, *owner) != (&fingerprint, id));
            }
            UserEvent::TokensRevoked {} => self.void_sessions(id),
            UserEvent::SessionsEnded { kept } => {
                for session in self.sessions.iter_mut().filter(|session| session.user == id) {
                    session.void |= Some(session.id) != kept;
                }
            }
            UserEvent::SessionsByMethodEnded { method } => {
                for session in self.sessions.iter_mut().filter(|session| session.user == id) {
                    session.void |= session.methods.contains(&method);
                }
            }
            UserEvent::Deleted {} => {
                self.users.remove(&id);
                self.suspended.remove(&id);
                self.certificates.retain(|_, (owner, _)| *owner != id);
            }
            UserEvent::TotpEnrolled { .. } => self.change_user(id, |user| user.has_second_factor = true),
            UserEvent::SecondFactorDisabled { .. } => {
                self.change_user(id, |user| user.has_second_factor = false);
            }
            UserEvent::Revoked {} => self.change_user(id, |user| {
                user.has_second_factor = false;
                user.must_change_password = false;
            }),
            UserEvent::PasswordChangeDemanded { demanded } => {
                self.change_user(id, |user| user.must_change_password = demanded);
            }
            UserEvent::PasswordChanged { .. } | UserEvent::PasswordSet { .. } => {
                self.change_user(id, |user| user.must_change_password = false);
            }
            // A password or a code decides nothing once it is verified.
            UserEvent::PasswordRehashed { .. }
            | UserEvent::TotpOffered { .. }
            | UserEvent::SecondFactorUsed { .. }
            | UserEvent::SecondFactorRefused { .. }
            | UserEvent::BackupCodesReplaced { .. } => {}
        }
    }

    fn change_user(&mut self, id: UserId, change: impl FnOnce(&mut OracleUser)) {
        if let Some(user) = self.users.get_mut(&id) {
            change(user);
        }
    }

    fn role_event(&mut self, id: RoleId, event: &RoleEvent) {
        match event.clone() {
            RoleEvent::Created { name, is_shared, .. } => {
                self.roles.entry(id).or_insert(OracleRole {
                    name: name.to_string(),
                    is_shared,
                    permissions: BTreeMap::new(),
                });
            }
            RoleEvent::Renamed { name } => self.change_role(id, |role| role.name = name.to_string()),
            RoleEvent::SharingChanged { is_shared } => {
                self.change_role(id, |role| role.is_shared = is_shared)
            }
            RoleEvent::PermissionAdded { permission } => {
                self.change_role(id, |role| {
                    drop(role.permissions.insert(permission.id, permission))
                });
            }
            RoleEvent::PermissionChanged {
                id: permission,
                resource,
                operation,
            } => self.change_role(id, |role| {
                if let Some(permission) = role.permissions.get_mut(&permission) {
                    permission.resource = resource;
                    permission.operation = operation;
                }
            }),
            RoleEvent::PermissionRemoved { id: permission } => {
                self.change_role(id, |role| drop(role.permissions.remove(&permission)));
            }
            // The permissions of a group are events of their own.
            RoleEvent::GroupFormed { .. }
            | RoleEvent::GroupAddsNewApplicationsChanged { .. }
            | RoleEvent::ApplicationAttached { .. }
            | RoleEvent::ApplicationDetached { .. } => {}
            RoleEvent::Deleted {} => {
                self.roles.remove(&id);
                for user in self.users.values_mut() {
                    user.roles.remove(&id);
                }
            }
        }
    }

    fn change_role(&mut self, id: RoleId, change: impl FnOnce(&mut OracleRole)) {
        if let Some(role) = self.roles.get_mut(&id) {
            change(role);
        }
    }

    fn session_event(&mut self, id: SessionId, event: &SessionEvent) {
        self.sessions.retain(|session| session.id != id);
        match event {
            SessionEvent::TokenIssued {
                user_id,
                fingerprint,
                methods,
                expires_at,
                ..
            } => {
                let fingerprint = fingerprint.digest();
                self.sessions.retain(|session| session.fingerprint != fingerprint);
                self.sessions.push(OracleSession {
                    id,
                    fingerprint,
                    user: *user_id,
                    methods: methods.clone(),
                    expires_at: *expires_at,
                    void: !self.may_act(*user_id),
                });
            }
            SessionEvent::TokenRevoked {} => {}
        }
    }

    fn void_sessions(&mut self, user: UserId) {
        for session in self.sessions.iter_mut().filter(|session| session.user == user) {
            session.void = true;
        }
    }

    pub(super) fn drop_expired(&mut self, now: Timestamp) -> usize {
        let before = self.sessions.len();
        self.sessions
            .retain(|session| !session.void && session.expires_at > now);
        before - self.sessions.len()
    }

    pub(super) fn session(&self, fingerprint: &[u8; 32]) -> Option<&OracleSession> {
        self.sessions
            .iter()
            .find(|session| session.fingerprint == *fingerprint && !session.void)
    }

    pub(super) fn roles_of(&self, user: UserId) -> Vec<RoleId> {
        let held = self
            .acting(user)
            .into_iter()
            .flat_map(|user| &user.roles)
            .copied();
        held.filter(|role| self.roles.contains_key(role)).collect()
    }

    pub(super) fn permissions(&self, user: UserId) -> Vec<Permission> {
        let roles = self.roles_of(user);
        let of_roles = roles
            .iter()
            .flat_map(|role| self.roles[role].permissions.values());
        let own = self.acting(user).into_iter().flat_map(|user| user.own.values());
        of_roles.chain(own).cloned().collect()
    }

    pub(super) fn user_by_name(&self, username: &str) -> Option<UserId> {
        if username == ERASED {
            return None;
        }
        self.users
            .iter()
            .find(|(id, user)| user.username == username && self.may_act(**id))
            .map(|(id, _)| *id)
    }

    pub(super) fn check(&self, user: UserId, context: Context, operation: Operation, resource: &str) -> bool {
        let permissions = self.permissions(user);
        let granted = |wanted: Operation| {
            permissions.iter().any(|permission| {
                permission.context == context
                    && permission.operation.covers(wanted)
                    && matches(context, &permission.resource, resource)
            })
        };
        match operation {
            Operation::ReadWrite => granted(Operation::Read) && granted(Operation::Write),
            one => granted(one),
        }
    }

    pub(super) fn check_subscription(&self, user: UserId, filter: &str) -> bool {
        self.permissions(user).iter().any(|permission| {
            permission.context == Context::Mqtt
                && permission.operation.covers(Operation::Read)
                && covers(&permission.resource, filter)
        })
    }
}

fn levels(text: &str) -> Vec<&str> {
    text.split('/').collect()
}

fn starts_with_wildcard(filter: &str) -> bool {
    filter.starts_with(['+', '#'])
}

/// Whether a filter matches a topic or a path.
pub(crate) fn matches(context: Context, filter: &str, resource: &str) -> bool {
    fn rest(filter: &[&str], resource: &[&str]) -> bool {
        match (filter, resource) {
            (["#"], _) | ([], []) => true,
            (["+", filter @ ..], [_, resource @ ..]) => rest(filter, resource),
            ([one, filter @ ..], [other, resource @ ..]) => one == other && rest(filter, resource),
            _ => false,
        }
    }
    let mqtt = context == Context::Mqtt;
    if mqtt && (resource.contains(['+', '#']) || (resource.starts_with('$') && starts_with_wildcard(filter)))
    {
        return false;
    }
    rest(&levels(filter), &levels(resource))
}

/// Whether the granted filter matches all topics that the other filter matches.
pub(super) fn covers(granted: &str, asked: &str) -> bool {
    fn rest(granted: &[&str], asked: &[&str]) -> bool {
        match (granted, asked) {
            (["#"], _) | ([], []) => true,
            (_, ["#"]) => false,
            (["+", granted @ ..], [_, asked @ ..]) => rest(granted, asked),
            ([one, granted @ ..], [other, asked @ ..]) => one == other && rest(granted, asked),
            _ => false,
        }
    }
    if asked.starts_with('$') && starts_with_wildcard(granted) {
        return false;
    }
    rest(&levels(granted), &levels(asked))
}
