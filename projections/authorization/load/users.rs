//! Users with the roles they hold.

use std::{collections::HashMap, sync::Arc};

use aggregates::{
    sealing::ERASED,
    values::{IdentityProvider, RoleId, UserId},
};
use seize::LocalGuard;

use super::Loader;
use crate::{
    authorization::{
        grants::Grants,
        index::Found,
        methods::GrantTypes,
        roles::RoleIndex,
        users::{Extra, Roles, User},
    },
    sql::{Error, Row, Tx, sql},
    tables::unreadable,
};

/// One row a user, since a row costs more to hand over than what is in it. In the order of the primary key's index, where
/// the roles of a user stand together.
const HELD: &str = "SELECT user_id, string_agg(role_id, ',') FROM user_roles GROUP BY user_id";

/// What the projection keeps of a user.
const USERS: &str = "SELECT user_id, ordinal, username, identity_provider, mqtt_publish_prefix, grant_types, \
     enforce_mfa_enrollment FROM user_directory";

/// The roles of users who have not come yet. Most stand in the index already, where they are to be in the end.
#[derive(Default)]
pub(super) struct Held {
    /// Of those the index has no room for.
    elsewhere: HashMap<UserId, Roles>,
    /// Of how many users these are.
    users: usize,
}

/// Ways of proof as they were read last: most users have the same.
#[derive(Default)]
struct LastGrantTypes(Option<(String, GrantTypes)>);

impl LastGrantTypes {
    fn read(&mut self, text: &str) -> Result<GrantTypes, Error> {
        match &self.0 {
            Some((last, types)) if last == text => Ok(*types),
            _ => {
                let grants: Vec<_> = serde_json::from_str(text).map_err(unreadable)?;
                let types = GrantTypes::of(&grants);
                self.0 = Some((text.to_owned(), types));
                Ok(types)
            }
        }
    }
}

impl Loader {
    /// Takes all users. Their own permissions and all roles are there before them.
    pub(super) async fn users(&mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let mut held = Held::default();
        tx.each(sql(HELD), |row| self.held(row, &mut held)).await?;
        let mut grant_types = LastGrantTypes::default();
        tx.each(sql(USERS), |row| self.user(row, &mut held, &mut grant_types))
            .await?;
        if held.users == 0 {
            Ok(())
        } else {
            Err(unreadable("nobody holds these roles"))
        }
    }

    /// Notes which roles a user will hold.
    fn held(&self, row: &Row, held: &mut Held) -> Result<(), Error> {
        let authorization = &self.authorization;
        let guard = authorization.collector.enter();
        let id = UserId::parse(row.str(0)?).map_err(unreadable)?;
        let roles = row.str(1)?.split(',').map(|role| self.index_of(id, role, &guard));
        let roles: Roles = roles.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        if !authorization.index.put_roles(id, &roles, &guard) {
            held.elsewhere.insert(id, roles);
        }
        held.users += 1;
        Ok(())
    }

    /// None for the role of the user's own permissions, which is none here.
    fn index_of(&self, user: UserId, role: &str, guard: &LocalGuard<'_>) -> Result<Option<RoleIndex>, Error> {
        let id = RoleId::parse(role).map_err(unreadable)?;
        match self.authorization.role_indexes.get(&id, guard) {
            Some(index) => Ok(Some(*index)),
            None if id == user.own_role() => Ok(None),
            None => Err(unreadable("a user holds a role that is not there")),
        }
    }

    fn user(&mut self, row: &Row, held: &mut Held, grant_types: &mut LastGrantTypes) -> Result<(), Error> {
        let id = UserId::parse(row.str(0)?).map_err(unreadable)?;
        let permissions = self.own.remove(&id).unwrap_or_default();
        let mqtt_publish_prefix = row.str_or_null(4)?.map(Arc::from);
        let has_extra = !permissions.is_empty() || mqtt_publish_prefix.is_some();
        let extra = has_extra.then(|| Extra {
            grants: Grants::of(&permissions),
            permissions,
            mqtt_publish_prefix,
        });
        let guard = self.authorization.collector.enter();
        let user = User {
            username: Arc::from(row.str(2)?),
            // A session of before the last revocation of all is not in the read models.
            sessions_after: self.made_at(row.int(1)?)?,
            roles: self.take_held(id, held, &guard),
            extra: extra.map(Arc::new),
            grant_types: grant_types.read(row.str(5)?)?,
            identity_provider: IdentityProvider::parse(row.str(3)?).map_err(unreadable)?,
            enforce_mfa_enrollment: row.bool(6)?,
        };
        self.put(id, user, &guard)
    }

    fn take_held(&self, id: UserId, held: &mut Held, guard: &LocalGuard<'_>) -> Roles {
        let roles = match self.authorization.index.find(id, guard) {
            Found::Roles(count, roles) => Some(Roles::Few(count, roles)),
            Found::Nobody | Found::Elsewhere => held.elsewhere.remove(&id),
        };
        held.users = held.users.saturating_sub(usize::from(roles.is_some()));
        roles.unwrap_or_default()
    }

    fn put(&self, id: UserId, user: User, guard: &LocalGuard<'_>) -> Result<(), Error> {
        let authorization = &self.authorization;
        if *user.username != *ERASED {
            let name = Arc::clone(&user.username);
            if authorization.names.insert(name, id, guard).is_some() {
                return Err(unreadable("two users have one name"));
            }
        }
        authorization.index.put(id, &user, guard);
        if authorization.users.insert(id, user, guard).is_some() {
            return Err(unreadable("two users have one id"));
        }
        Ok(())
    }
}
