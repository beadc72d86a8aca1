//! The same answers in the simplest way: plain maps, full walks, and filters matched in the words of the specification.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    sealing::ERASED,
    session::SessionEvent,
    user::UserEvent,
    values::{
        Context, Fingerprint, GrantType, Operation, Permission, PermissionId, RoleId, SessionId, Timestamp,
        UserId,
    },
};

pub(super) struct OracleUser {
    pub(super) username: String,
    pub(super) prefix: Option<String>,
    pub(super) grant_types: Vec<GrantType>,
    pub(super) enforce_mfa: bool,
    pub(super) roles: BTreeSet<RoleId>,
    own: BTreeMap<PermissionId, Permission>,
}

pub(super) struct OracleRole {
    pub(super) name: String,
    pub(super) is_shared: bool,
    pub(super) permissions: BTreeMap<PermissionId, Permission>,
}

pub(super) struct OracleSession {
    pub(super) id: SessionId,
    fingerprint: [u8; 32],
    pub(super) user: UserId,
    pub(super) expires_at: Timestamp,
    void: bool,
}

#[derive(Default)]
pub(super) struct Oracle {
    pub(super) users: BTreeMap<UserId, OracleUser>,
    pub(super) roles: BTreeMap<RoleId, OracleRole>,
    pub(super) sessions: Vec<OracleSession>,
    pub(super) certificates: BTreeMap<Fingerprint, (UserId, Option<Timestamp>)>,
    pub(super) position: i64,
}

impl Oracle {
    pub(super) fn apply(&mut self, recorded: &Recorded) {
        self.position = recorded.position;
        match &recorded.event {
            Event::User(event) => self.user_event(UserId::parse(&recorded.aggregate_id).unwrap(), event),
            Event::Role(event) => self.role_event(RoleId::parse(&recorded.aggregate_id).unwrap(), event),
            Event::Session(event) => {
                self.session_event(SessionId::parse(&recorded.aggregate_id).unwrap(), event)
            }
        }
    }

    fn user_event(&mut self, id: UserId, event: &UserEvent) {
        if let UserEvent::Created {
            username,
            mqtt_publish_prefix,
            grant_types,
            enforce_mfa_enrollment,
            ..
        } = event
        {
            self.users.entry(id).or_insert_with(|| OracleUser {
                username: username.clone(),
                prefix: mqtt_publish_prefix.clone(),
                grant_types: grant_types.clone(),
                enforce_mfa: *enforce_mfa_enrollment,
                roles: BTreeSet::new(),
                own: BTreeMap::new(),
            });
            return;
        }
        let Some(user) = self.users.get_mut(&id) else {
            return;
        };
        match event.clone() {
            UserEvent::Renamed { username } => user.username = username,
            UserEvent::PublishPrefixChanged { mqtt_publish_prefix } => user.prefix = mqtt_publish_prefix,
            UserEvent::GrantTypesChanged { grant_types } => user.grant_types = grant_types,
            UserEvent::MfaEnforcementChanged {
                enforce_mfa_enrollment,
            } => user.enforce_mfa = enforce_mfa_enrollment,
            UserEvent::RoleGranted { role_id, .. } => drop(user.roles.insert(role_id)),
            UserEvent::RoleRevoked { role_id } => drop(user.roles.remove(&role_id)),
            UserEvent::PermissionGranted { permission } => drop(user.own.insert(permission.id, permission)),
            UserEvent::PermissionRevoked { id } => drop(user.own.remove(&id)),
            UserEvent::CertificateAdded { certificate } => {
                let held = (id, certificate.expires_at);
                self.certificates.insert(certificate.fingerprint, held);
            }
            UserEvent::CertificateRemoved { fingerprint } => {
                self.certificates
                    .retain(|held, (owner, _)| (held, *owner) != (&fingerprint, id));
            }
            UserEvent::TokensRevoked {} => self.void_sessions(id),
            UserEvent::Deleted {} => {
                self.users.remove(&id);
                self.certificates.retain(|_, (owner, _)| *owner != id);
                self.void_sessions(id);
            }
            _ => {}
        }
    }

    fn role_event(&mut self, id: RoleId, event: &RoleEvent) {
        if let RoleEvent::Created { name, is_shared, .. } = event {
            self.roles.entry(id).or_insert_with(|| OracleRole {
                name: name.to_string(),
                is_shared: *is_shared,
                permissions: BTreeMap::new(),
            });
            return;
        }
        if let RoleEvent::Deleted {} = event {
            self.roles.remove(&id);
            for user in self.users.values_mut() {
                user.roles.remove(&id);
            }
            return;
        }
        let Some(role) = self.roles.get_mut(&id) else {
            return;
        };
        match event.clone() {
            RoleEvent::Renamed { name } => role.name = name.to_string(),
            RoleEvent::SharingChanged { is_shared } => role.is_shared = is_shared,
            RoleEvent::PermissionAdded { permission } => {
                drop(role.permissions.insert(permission.id, permission))
            }
            RoleEvent::PermissionChanged {
                id,
                resource,
                operation,
            } => {
                if let Some(permission) = role.permissions.get_mut(&id) {
                    permission.resource = resource;
                    permission.operation = operation;
                }
            }
            RoleEvent::PermissionRemoved { id } => drop(role.permissions.remove(&id)),
            RoleEvent::Created { .. } | RoleEvent::Deleted {} => {}
        }
    }

    fn session_event(&mut self, id: SessionId, event: &SessionEvent) {
        self.sessions.retain(|session| session.id != id);
        if let SessionEvent::TokenIssued {
            user_id,
            fingerprint,
            expires_at,
            ..
        } = event
        {
            let fingerprint = fingerprint.digest();
            self.sessions.retain(|session| session.fingerprint != fingerprint);
            let void = !self.users.contains_key(user_id);
            self.sessions.push(OracleSession {
                id,
                fingerprint,
                user: *user_id,
                expires_at: *expires_at,
                void,
            });
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
            .users
            .get(&user)
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
        let own = self
            .users
            .get(&user)
            .into_iter()
            .flat_map(|user| user.own.values());
        of_roles.chain(own).cloned().collect()
    }

    pub(super) fn user_by_name(&self, username: &str) -> Option<UserId> {
        if username == ERASED {
            return None;
        }
        self.users
            .iter()
            .find(|(_, user)| user.username == username)
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
