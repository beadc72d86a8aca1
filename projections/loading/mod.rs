//! Fills the authorization engine of a starting process from the read models, in one snapshot with the ledger's head.
//!
//! If read models do not fit together, the result is an error: the caller then replays the ledger, which is the truth.

mod account_kinds;
mod licences;
mod os2iot;
mod roles;
mod sessions;
mod users;

use aggregates::{
    claim::Scope,
    role::claims::{GROUP, ROLE},
    user::claims::{CERTIFICATE, USER},
    values::Timestamp,
};
use authorization::{Authorization, Loader, Misfit};

use crate::{
    store::{
        self,
        sql::{Error, Tx},
        unreadable,
    },
    user_directory::record::UserRecord,
};

/// The engine at `position`, which must be the ledger's head in the same snapshot. It leaves out sessions that expired
/// by `now`.
pub async fn authorization(tx: &mut Tx<'_>, position: i64, now: Timestamp) -> Result<Authorization, Error> {
    let mut loader = Loader::new(position);
    roles::load(tx, &mut loader).await?;
    os2iot::load_groups(tx, &mut loader).await?;
    account_kinds::load(tx, &mut loader).await?;
    loader.reserve(store::total(tx, &[UserRecord::BY_PERSONS, UserRecord::BY_SERVICES]).await?);
    users::load(tx, &mut loader).await?;
    os2iot::load(tx, &mut loader).await?;
    licences::load(tx, &mut loader).await?;
    sessions::load_certificates(tx, &mut loader).await?;
    sessions::load_sessions(tx, &mut loader, now).await?;
    loader.finish().map_err(misfit)
}

/// The roles at `position`, which must be the ledger's head in the same snapshot: an engine without users.
pub async fn roles_alone(tx: &mut Tx<'_>, position: i64) -> Result<Authorization, Error> {
    let mut loader = Loader::new(position);
    roles::load_alone(tx, &mut loader).await?;
    os2iot::load_groups(tx, &mut loader).await?;
    account_kinds::load(tx, &mut loader).await?;
    loader.finish().map_err(misfit)
}

/// How many users, roles and certificates the engine has. The ledger must have as many claims of the scopes beside it: to the engine, a
/// group is a role.
pub fn claimed(engine: &Authorization) -> [(&'static [&'static Scope], usize); 3] {
    [
        (&[USER], engine.user_count()),
        (&[ROLE, GROUP], engine.role_count()),
        (&[CERTIFICATE], engine.certificate_count()),
    ]
}

fn misfit(misfit: Misfit) -> Error {
    unreadable(misfit.0)
}
