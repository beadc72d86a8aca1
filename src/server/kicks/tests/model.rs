//! The same in the simplest way: plain maps, all rights written out, and filters matched in the words of the specification.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::{
    Event, Recorded,
    role::RoleEvent,
    session::SessionEvent,
    user::UserEvent,
    values::{Context, Operation, Permission, PermissionId},
};

use super::histories::{FILTERS, TOPICS};

/// What somebody may do: an operation in MQTT, or in RabbitMQ with words of AMQP, and on what.
type Right = (&'static str, String);

#[derive(Default)]
struct User {
    name: String,
    roles: BTreeSet<String>,
    own: BTreeMap<PermissionId, Permission>,
}

/// The session of a client at a broker. The client asks for everything after each event, and the broker remembers each yes.
struct Session {
    user: String,
    name: String,
    remembered: BTreeSet<Right>,
    /// The user can no longer prove their identity as they did for this session, or has another name.
    must_end: bool,
}

#[derive(Default)]
pub(super) struct Model {
    users: BTreeMap<String, User>,
    roles: BTreeMap<String, BTreeMap<PermissionId, Permission>>,
    tokens: BTreeMap<String, String>,
    sessions: Vec<Session>,
}

impl Model {
    pub(super) fn apply(&mut self, recorded: &Recorded) {
        let id = &recorded.aggregate_id;
        match &recorded.event {
            Event::User(event) => self.user(id, event),
            Event::Role(event) => self.role(id, event),
            Event::Session(SessionEvent::TokenIssued { user_id, .. }) => {
                self.tokens.insert(id.clone(), user_id.to_string());
            }
            Event::Session(SessionEvent::TokenRevoked {}) => {
                let user = self.tokens[id].clone();
                self.end_all(&user);
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
        self.ask();
    }

    fn user(&mut self, id: &str, event: &UserEvent) {
        match event.clone() {
            UserEvent::Created { username: name, .. } => {
                let user = User {
                    name,
                    ..User::default()
                };
                self.users.insert(id.to_owned(), user);
            }
            UserEvent::Renamed { username } => {
                self.end_all(id);
                self.of(id).name = username;
            }
            UserEvent::RoleGranted { role_id, .. } => {
                self.of(id).roles.insert(role_id.to_string());
            }
            UserEvent::RoleRevoked { role_id } => {
                self.of(id).roles.remove(&role_id.to_string());
            }
            UserEvent::PermissionGranted { permission } => {
                self.of(id).own.insert(permission.id, permission);
            }
            UserEvent::PermissionRevoked { id: permission } => {
                self.of(id).own.remove(&permission);
            }
            UserEvent::Deleted {} => {
                self.end_all(id);
                self.users.remove(id);
            }
            UserEvent::TotpEnrolled { .. }
            | UserEvent::SecondFactorDisabled { .. }
            | UserEvent::PasswordChangeDemanded { demanded: true }
            | UserEvent::MfaEnforcementChanged {
                enforce_mfa_enrollment: true,
            }
            | UserEvent::PasswordChanged { .. }
            | UserEvent::PasswordSet { .. }
            | UserEvent::PublishPrefixChanged { .. }
            | UserEvent::IdentityProviderChanged { .. }
            | UserEvent::GrantTypesChanged { .. }
            | UserEvent::CertificateRemoved { .. }
            | UserEvent::TokensRevoked {}
            | UserEvent::SessionsEnded { .. }
            | UserEvent::SessionsByMethodEnded { .. }
            | UserEvent::Revoked {} => self.end_all(id),
            UserEvent::PasswordRehashed { .. }
            | UserEvent::PasswordChangeDemanded { demanded: false }
            | UserEvent::MfaEnforcementChanged {
                enforce_mfa_enrollment: false,
            }
            | UserEvent::TotpOffered { .. }
            | UserEvent::SecondFactorUsed { .. }
            | UserEvent::SecondFactorRefused { .. }
            | UserEvent::BackupCodesReplaced { .. }
            | UserEvent::CertificateAdded { .. } => {}
        }
    }

    fn role(&mut self, id: &str, event: &RoleEvent) {
        match event.clone() {
            RoleEvent::Created { .. } => drop(self.roles.insert(id.to_owned(), BTreeMap::new())),
            RoleEvent::Deleted {} => drop(self.roles.remove(id)),
            RoleEvent::PermissionAdded { permission } => {
                self.permissions(id).insert(permission.id, permission);
            }
            RoleEvent::PermissionChanged {
                id: permission,
                resource,
                operation,
            } => {
                let known = self.permissions(id).get_mut(&permission).unwrap();
                (known.resource, known.operation) = (resource, operation);
            }
            RoleEvent::PermissionRemoved { id: permission } => {
                self.permissions(id).remove(&permission);
            }
            RoleEvent::Renamed { .. }
            | RoleEvent::SharingChanged { .. }
            | RoleEvent::GroupFormed { .. }
            | RoleEvent::GroupAddsNewApplicationsChanged { .. }
            | RoleEvent::ApplicationAttached { .. }
            | RoleEvent::ApplicationDetached { .. } => {}
        }
    }

    fn of(&mut self, user: &str) -> &mut User {
        self.users.get_mut(user).unwrap()
    }

    fn permissions(&mut self, role: &str) -> &mut BTreeMap<PermissionId, Permission> {
        self.roles.get_mut(role).unwrap()
    }

    fn end_all(&mut self, user: &str) {
        for session in self.sessions.iter_mut().filter(|session| session.user == user) {
            session.must_end = true;
        }
    }

    /// Each user has a client that is connected, and asks for everything.
    fn ask(&mut self) {
        for (id, user) in &self.users {
            let rights = self.rights(user);
            let is_of = |session: &&mut Session| session.user == *id && !session.must_end;
            match self.sessions.iter_mut().find(is_of) {
                Some(session) => session.remembered.extend(rights),
                None => self.sessions.push(Session {
                    user: id.clone(),
                    name: user.name.clone(),
                    remembered: rights,
                    must_end: false,
                }),
            }
        }
    }

    /// All that a user may do.
    fn rights(&self, user: &User) -> BTreeSet<Right> {
        let of_roles = user.roles.iter().filter_map(|role| self.roles.get(role));
        let all = of_roles.chain([&user.own]).flat_map(BTreeMap::values);
        let mut rights = BTreeSet::new();
        for permission in all.filter(|permission| permission.context == Context::Mqtt) {
            let pattern: &str = &permission.resource;
            let (reads, writes) = (
                permission.operation.covers(Operation::Read),
                permission.operation.covers(Operation::Write),
            );
            let mut add = |may: bool, what: &'static str, on: &str| {
                if may {
                    rights.insert((what, on.to_owned()));
                }
            };
            for topic in TOPICS {
                add(writes && covers(pattern, topic), "publish", topic);
                let key = topic.replace('.', "/");
                add(writes && in_words(pattern, &key), "route", &key);
            }
            for filter in TOPICS.into_iter().chain(FILTERS) {
                add(reads && covers(pattern, filter), "subscribe", filter);
                let bound = filter.replace('.', "/");
                add(reads && in_words(pattern, &bound), "bind", &bound);
            }
        }
        rights
    }

    /// A broker ends all sessions of a name, and the clients connect again. Returns whether one of the sessions had to end.
    pub(super) fn kick(&mut self, name: &str) -> bool {
        let is_needed = self
            .sessions
            .iter()
            .any(|session| session.name == name && self.may_more(session));
        self.sessions.retain(|session| session.name != name);
        self.ask();
        is_needed
    }

    /// Whether a client may do more in its session than its user may.
    fn may_more(&self, session: &Session) -> bool {
        let user = self.users.get(&session.user);
        session.must_end || user.is_none_or(|user| !session.remembered.is_subset(&self.rights(user)))
    }

    /// After the reaction to all events, nobody may do more in a session than their user may.
    pub(super) fn check(&self) {
        for session in &self.sessions {
            assert!(!self.may_more(session), "{} keeps a session", session.name);
        }
    }
}

/// As RabbitMQ sees it: `a.b` is the same as `a/b`.
fn in_words(pattern: &str, asked: &str) -> bool {
    covers(pattern, asked) || covers(&pattern.replace('.', "/"), asked)
}

/// Whether a filter matches all that another one matches.
fn covers(filter: &str, asked: &str) -> bool {
    if asked.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let (filter, asked): (Vec<_>, Vec<_>) = (filter.split('/').collect(), asked.split('/').collect());
    let plain = match filter.last() {
        Some(&"#") => {
            let stem = &filter[..filter.len() - 1];
            return asked.len() >= stem.len() && levels(stem, &asked[..stem.len()]);
        }
        _ => filter,
    };
    plain.len() == asked.len() && levels(&plain, &asked)
}

fn levels(wanted: &[&str], given: &[&str]) -> bool {
    let is_covered = |(wanted, given): (&&str, &&str)| match *wanted {
        "+" => *given != "#",
        wanted => wanted == *given,
    };
    wanted.iter().zip(given).all(is_covered)
}
