//! Loads users with the roles that they hold.

use aggregates::values::{IdentityProvider, RoleId, UserId};
use authorization::{GrantTypes, LoadedUser, Loader};

use super::misfit;
use crate::store::{
    Column as _,
    sql::{Error, Row, Tx, sql},
    unreadable,
};

/// Returns one row per user, since passing a row costs more than its content. The index of the primary key supplies the
/// rows in order, so the roles of a user are next to each other.
fn held_roles(tx: &Tx<'_>) -> String {
    let roles = tx.collected("role_id");
    format!("SELECT user_id, {roles} FROM user_roles GROUP BY user_id")
}

/// The columns that the engine keeps of a user.
const USERS: &str = "SELECT user_id, ordinal, username, identity_provider, mqtt_publish_prefix, grant_types, \
     enforce_mfa_enrollment, has_second_factor, must_change_password FROM user_directory";

/// Loads all users. Their own permissions and all roles must be loaded before.
pub(super) async fn load(tx: &mut Tx<'_>, loader: &mut Loader) -> Result<(), Error> {
    let held_roles = sql(held_roles(tx));
    tx.each(held_roles, |row| held(row, loader)).await?;
    let mut grant_types = LastGrantTypes::default();
    tx.each(sql(USERS), |row| user(row, loader, &mut grant_types))
        .await
}

/// Loads the roles that a user will hold.
fn held(row: &Row, loader: &mut Loader) -> Result<(), Error> {
    let roles = row.collected_ids(1)?;
    let roles = roles.into_iter().map(RoleId);
    loader.held(UserId::read(row, 0)?, roles).map_err(misfit)
}

fn user(row: &Row, loader: &mut Loader, grant_types: &mut LastGrantTypes) -> Result<(), Error> {
    let user = LoadedUser {
        id: UserId::read(row, 0)?,
        made_at: row.int(1)?,
        username: row.str(2)?,
        identity_provider: IdentityProvider::parse(row.str(3)?).map_err(unreadable)?,
        mqtt_publish_prefix: row.str_or_null(4)?,
        grant_types: grant_types.read(row.str(5)?)?,
        enforce_mfa_enrollment: row.bool(6)?,
        has_second_factor: row.bool(7)?,
        must_change_password: row.bool(8)?,
        // No event of this server suspends a user.
        is_suspended: false,
    };
    loader.user(user).map_err(misfit)
}

/// The grant types that were read last: most users have the same ones.
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
