//! Filling an empty engine from rows that somebody else read, as a replay of the ledger up to their position would.
//!
//! The rows come from read models, which are written in the transactions that append: within one snapshot they and the
//! head are of one position. What differs from a replay cannot be seen by asking: deleted roles are not remembered, nor are
//! sessions that ended or were revoked.
//!
//! Rows that do not fit together are a [`Misfit`]: the caller then replays the ledger, which is the truth.

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
        sessions::{Session, SessionView},
        users::{Extra, Roles, User},
    },
};

/// Rows that do not fit together, or not to their position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Misfit(pub &'static str);

/// An engine that is being filled. Roles come first, then what users hold, then users, then the rest.
#[derive(Debug)]
pub struct Loader {
    authorization: Authorization,
    writer: WriterState,
    /// The head of the ledger in the snapshot.
    position: i64,
    /// Permissions of users who have not come yet.
    own: HashMap<UserId, Permissions>,
    /// Roles of users who have not come yet, where the index has no room for them.
    elsewhere: HashMap<UserId, Roles>,
    /// How many users have roles and have not come yet.
    holders: usize,
}

/// A role as the read models know it.
#[derive(Clone, Debug)]
pub struct LoadedRole {
    /// Its id.
    pub id: RoleId,
    /// Position of the event that made it.
    pub made_at: i64,
    /// Its name.
    pub name: RoleName,
    /// Several users may hold it.
    pub is_shared: bool,
    /// Made by a service.
    pub auto_generated: bool,
    /// What it grants.
    pub permissions: Vec<Permission>,
}

/// A user as the read models know them.
#[derive(Clone, Copy, Debug)]
pub struct LoadedUser<'a> {
    /// Their id.
    pub id: UserId,
    /// Position of the event that made them. Sessions that were void by then are not in the read models.
    pub made_at: i64,
    /// Their name, or [`ERASED`].
    pub username: &'a str,
    /// Who vouches for the user.
    pub identity_provider: IdentityProvider,
    /// Put before every topic the user publishes to.
    pub mqtt_publish_prefix: Option<&'a str>,
    /// How the user may prove who they are.
    pub grant_types: GrantTypes,
    /// The user must enrol a second factor.
    pub enforce_mfa_enrollment: bool,
}

impl Loader {
    /// An empty engine that is to be as of `position`.
    pub fn new(position: i64) -> Self {
        Self::within(&MODEL, position)
    }

    /// The same, with what a model knows.
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

    /// Makes room for this many users, so that nothing is moved while they come.
    pub fn reserve(&mut self, users: i64) {
        // No more than there are events, whatever a damaged table says.
        let users = usize::try_from(users.min(self.position)).unwrap_or(0);
        let guard = self.authorization.collector.enter();
        self.authorization.index.reserve(users, &guard);
        self.authorization.users.reserve(users, &guard);
        self.authorization.names.reserve(users, &guard);
    }

    /// The position of the event that made a row, unless the snapshot does not reach it.
    pub fn made_at(&self, position: i64) -> Result<i64, Misfit> {
        if position <= self.position {
            Ok(position)
        } else {
            Err(Misfit("a read model is ahead of the ledger"))
        }
    }

    /// Takes a role.
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

    /// Takes permissions of a user's own, before the user.
    pub fn own_permissions(&mut self, user: UserId, permissions: Vec<Permission>) {
        self.own.insert(user, permissions.into_iter().collect());
    }

    /// Takes the roles that a user holds, once, before the user. The role of their own permissions is passed over.
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

    /// `None` for the role of the user's own permissions, which is not a role here.
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

    /// Takes a user. All roles, and what this user holds, are there before.
    pub fn user(&mut self, user: LoadedUser<'_>) -> Result<(), Misfit> {
        let permissions = self.own.remove(&user.id).unwrap_or_default();
        let mqtt_publish_prefix = user.mqtt_publish_prefix.map(Arc::from);
        let has_extra = !permissions.is_empty() || mqtt_publish_prefix.is_some();
        let extra = has_extra.then(|| Extra {
            grants: Grants::of(&permissions),
            permissions,
            mqtt_publish_prefix,
        });
        let sessions_after = self.made_at(user.made_at)?;
        let roles = self.take_held(user.id);
        let guard = self.authorization.collector.enter();
        let made = User {
            username: Arc::from(user.username),
            sessions_after,
            roles,
            extra: extra.map(Arc::new),
            grant_types: user.grant_types,
            identity_provider: user.identity_provider,
            enforce_mfa_enrollment: user.enforce_mfa_enrollment,
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
        if *user.username != *ERASED {
            let name = Arc::clone(&user.username);
            if authorization.names.insert(name, id, guard).is_some() {
                return Err(Misfit("two users have one name"));
            }
        }
        authorization.index.put(id, &user, guard);
        if authorization.users.insert(id, user, guard).is_some() {
            return Err(Misfit("two users have one id"));
        }
        Ok(())
    }

    /// Takes a session that has not ended, by the SHA-256 of its token.
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

    /// Takes a certificate of a user who is there.
    pub fn certificate(
        &mut self,
        added_at: i64,
        user: UserId,
        certificate: &Certificate,
    ) -> Result<(), Misfit> {
        self.made_at(added_at)?;
        let before = self.authorization.certificate_count();
        let guard = self.authorization.collector.enter();
        if !self.authorization.users.contains_key(&user, &guard) {
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

    /// Takes what an event would have said of a machine, or of where a resource is. Roles come before.
    pub fn fact(&mut self, fact: Fact) {
        let guard = self.authorization.collector.enter();
        self.authorization.apply_fact(&mut self.writer, fact, &guard);
    }

    /// The engine, unless something came for users who did not.
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
