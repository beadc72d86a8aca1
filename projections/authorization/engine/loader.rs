//! Fills an empty engine from rows. The result is the same as after a replay of the ledger up to the rows' position.
//!
//! The rows come from read models. Transactions that append events also write the read models, so within one snapshot
//! the read models and the head are at one position. The engine differs from a replayed one only in what no question
//! can show: it does not remember deleted roles, nor sessions that expired or were revoked.
//!
//! If rows do not fit together, the result is a [`Misfit`]: the caller then replays the ledger, which is the truth.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use aggregates::{
    sealing::ERASED,
    values::{Certificate, IdentityProvider, Permission, RoleId, RoleName, UserId},
};
use seize::LocalGuard;

use super::{apply::WriterState, facts::Fact, index::Found};
use crate::{
    Authorization, MODEL, Model,
    patterns::{grants::Grants, permissions::Permissions},
    principals::{
        certificates::CertificateChanges,
        methods::GrantTypes,
        roles::{Details, Role, RoleIndex},
        sessions::{Ends, Session, SessionView},
        users::{Extra, Roles, User},
    },
};

/// Rows do not fit together, or do not fit the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misfit(pub &'static str);

/// An engine that is being filled. Add roles first, then what users hold, then users, then the rest.
#[derive(Debug)]
pub struct Loader {
    authorization: Authorization,
    writer: WriterState,
    /// The head of the ledger in the snapshot.
    position: i64,
    /// Permissions of users that were not added yet.
    own: HashMap<UserId, Permissions>,
    /// Roles of users that were not added yet and do not fit into the index.
    elsewhere: HashMap<UserId, Roles>,
    /// How many users with roles were not added yet.
    holders: usize,
}

/// A role as the read models hold it.
#[derive(Clone, Debug)]
pub struct LoadedRole {
    /// The id of the role.
    pub id: RoleId,
    /// The position of the event that created the role.
    pub made_at: i64,
    /// The name of the role.
    pub name: RoleName,
    /// Whether several users may hold the role.
    pub is_shared: bool,
    /// Whether a service made the role.
    pub auto_generated: bool,
    /// The permissions that the role gives.
    pub permissions: Vec<Permission>,
}

/// A user as the read models hold them.
#[derive(Clone, Copy, Debug)]
pub struct LoadedUser<'a> {
    /// The id of the user.
    pub id: UserId,
    /// The position of the event that created the user. The read models do not contain sessions that were void by then.
    pub made_at: i64,
    /// The username, or [`ERASED`].
    pub username: &'a str,
    /// The identity provider that keeps the user's password.
    pub identity_provider: IdentityProvider,
    /// The prefix that is put before every topic to which the user publishes.
    pub mqtt_publish_prefix: Option<&'a str>,
    /// The ways in which the user may prove their identity.
    pub grant_types: GrantTypes,
    /// Whether the user must enrol a second factor.
    pub enforce_mfa_enrollment: bool,
    /// Whether the user has a second factor.
    pub has_second_factor: bool,
    /// Whether the user must change their password.
    pub must_change_password: bool,
    /// The user may do nothing, whatever they hold.
    pub is_suspended: bool,
}

impl Loader {
    /// An empty engine that will be at `position` once it is filled.
    pub fn new(position: i64) -> Self {
        Self::within(&MODEL, position)
    }

    /// The same, with the kinds of a model.
    pub fn within(model: &'static Model, position: i64) -> Self {
        Self {
            authorization: Authorization::within(model),
            writer: WriterState::default(),
            position,
            own: HashMap::new(),
            elsewhere: HashMap::new(),
            holders: 0,
        }
    }

    /// Makes room for this many users, so that adding them moves nothing.
    pub fn reserve(&mut self, users: i64) {
        // Each user needs at least one event. This limits the room if a damaged table states a wrong number.
        let users = usize::try_from(users.min(self.position)).unwrap_or(0);
        let guard = self.authorization.collector.enter();
        self.authorization.index.reserve(users, &guard);
        self.authorization.users.reserve(users, &guard);
        self.authorization.names.reserve(users, &guard);
    }

    /// Returns the position of the event that created a row, or an error if the snapshot does not reach it.
    pub fn made_at(&self, position: i64) -> Result<i64, Misfit> {
        if position <= self.position {
            Ok(position)
        } else {
            Err(Misfit("a read model is ahead of the ledger"))
        }
    }

    /// Adds a role.
    pub fn role(&mut self, role: LoadedRole) -> Result<(), Misfit> {
        self.made_at(role.made_at)?;
        let details = Details {
            id: role.id,
            name: role.name,
            is_shared: role.is_shared,
            auto_generated: role.auto_generated,
            permissions: role.permissions.into_iter().collect(),
        };
        let authorization = &self.authorization;
        let guard = authorization.collector.enter();
        if let Some(index) = authorization.index(&mut self.writer, role.id, &guard) {
            let role = Role {
                grants: Grants::of(&details.permissions),
                details: Arc::new(details),
            };
            authorization.publish_role(index, role, &guard);
        }
        Ok(())
    }

    /// Adds a user's own permissions; call it before the user is added.
    pub fn own_permissions(&mut self, user: UserId, permissions: Vec<Permission>) {
        self.own.insert(user, permissions.into_iter().collect());
    }

    /// Adds all roles that a user holds; call it once, before the user is added. It skips the role of their own
    /// permissions.
    pub fn held(&mut self, user: UserId, roles: impl Iterator<Item = RoleId>) -> Result<(), Misfit> {
        let authorization = &self.authorization;
        let guard = authorization.collector.enter();
        let roles = roles.map(|role| self.index_of(user, role, &guard));
        let roles: Roles = roles.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        if !authorization.index.put_roles(user, &roles, &guard) {
            self.elsewhere.insert(user, roles);
        }
        self.holders += 1;
        Ok(())
    }

    /// `None` for the role that carries the user's own permissions, since the engine has no such role.
    fn index_of(
        &self,
        user: UserId,
        role: RoleId,
        guard: &LocalGuard<'_>,
    ) -> Result<Option<RoleIndex>, Misfit> {
        match self.authorization.role_indexes.get(&role, guard) {
            Some(index) => Ok(Some(*index)),
            None if role == user.own_role() => Ok(None),
            None => Err(Misfit("a user holds a role that is not there")),
        }
    }

    /// Adds a user. All roles, and all that this user holds, must have been added before.
    pub fn user(&mut self, user: LoadedUser<'_>) -> Result<(), Misfit> {
        let permissions = self.own.remove(&user.id).unwrap_or_default();
        let mqtt_publish_prefix = user.mqtt_publish_prefix.map(Arc::from);
        let has_extra = !permissions.is_empty() || mqtt_publish_prefix.is_some();
        let extra = has_extra.then(|| Extra {
            grants: Grants::of(&permissions),
            permissions,
            mqtt_publish_prefix,
        });
        let ends = Ends::at(self.made_at(user.made_at)?);
        let roles = self.take_held(user.id);
        let guard = self.authorization.collector.enter();
        let made = User {
            username: Arc::from(user.username),
            ends,
            roles,
            extra: extra.map(Arc::new),
            grant_types: user.grant_types,
            identity_provider: user.identity_provider,
            enforce_mfa_enrollment: user.enforce_mfa_enrollment,
            has_second_factor: user.has_second_factor,
            must_change_password: user.must_change_password,
            is_suspended: user.is_suspended,
        };
        self.put(user.id, made, &guard)
    }

    fn take_held(&mut self, user: UserId) -> Roles {
        let guard = self.authorization.collector.enter();
        let roles = match self.authorization.index.find(user, &guard) {
            Found::Roles(count, roles) => Some(Roles::Few(count, roles)),
            Found::Nobody | Found::Elsewhere => self.elsewhere.remove(&user),
        };
        self.holders = self.holders.saturating_sub(usize::from(roles.is_some()));
        roles.unwrap_or_default()
    }

    fn put(&self, id: UserId, user: User, guard: &LocalGuard<'_>) -> Result<(), Misfit> {
        let authorization = &self.authorization;
        if user.may_act() && *user.username != *ERASED {
            let name = Arc::clone(&user.username);
            if authorization.names.insert(name, id, guard).is_some() {
                return Err(Misfit("two users have one name"));
            }
        }
        if authorization.put_user(id, user, guard) {
            return Err(Misfit("two users have one id"));
        }
        Ok(())
    }

    /// Adds a session that has not expired, by the SHA-256 of its token.
    pub fn session(&mut self, issued_at: i64, token: [u8; 32], view: SessionView) -> Result<(), Misfit> {
        let session = Session {
            issued_position: self.made_at(issued_at)?,
            view,
        };
        let guard = self.authorization.collector.enter();
        let sessions = &self.authorization.sessions;
        if sessions.insert(token, session, &guard).is_some() {
            return Err(Misfit("two sessions have one token"));
        }
        self.writer.fingerprints.insert(view.session_id, token);
        Ok(())
    }

    /// Adds a certificate of a user that was added before.
    pub fn certificate(
        &mut self,
        added_at: i64,
        user: UserId,
        certificate: &Certificate,
    ) -> Result<(), Misfit> {
        self.made_at(added_at)?;
        let before = self.authorization.certificate_count();
        let guard = self.authorization.collector.enter();
        if self.authorization.entry_of(user, &guard).is_none() {
            return Err(Misfit("nobody has this certificate"));
        }
        self.authorization.publish_certificates(
            &mut self.writer.certificates,
            user,
            CertificateChanges::added(certificate),
            &guard,
        );
        if self.authorization.certificate_count() == before + 1 {
            Ok(())
        } else {
            Err(Misfit("two users have one certificate"))
        }
    }

    /// Adds what an event would have stated about a machine, or about where a resource is. Add roles before.
    pub fn fact(&mut self, fact: Fact) {
        let guard = self.authorization.collector.enter();
        self.authorization.apply_fact(&mut self.writer, fact, &guard);
    }

    /// Returns the engine, or an error if roles or permissions were added for a user who was not.
    pub fn finish(self) -> Result<Authorization, Misfit> {
        if self.holders != 0 {
            return Err(Misfit("nobody holds these roles"));
        }
        if !self.own.is_empty() {
            return Err(Misfit("nobody has these permissions"));
        }
        let Self {
            authorization,
            writer,
            position,
            ..
        } = self;
        *authorization.writer() = writer;
        for at in [
            &authorization.begun,
            &authorization.applied,
            &authorization.position,
        ] {
            at.store(position, Ordering::Release);
        }
        Ok(authorization)
    }
}
