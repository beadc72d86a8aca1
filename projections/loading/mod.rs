//! The authorization engine of a process that starts: filled from the read models, in one snapshot with the ledger's head.
//!
//! Read models that do not fit together are an error: the caller then replays the ledger, which is the truth.

mod roles;
mod sessions;
mod users;

use aggregates::{
    claim::Scope,
    role::claims::ROLE,
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

/// The engine at `position`, which is the ledger's head in the same snapshot. Sessions that ended by `now` are left out.
pub async fn authorization(tx: &mut Tx<'_>, position: i64, now: Timestamp) -> Result<Authorization, Error> {
    let mut loader = Loader::new(position);
    roles::load(tx, &mut loader).await?;
    loader.reserve(store::total(tx, &[UserRecord::BY_PERSONS, UserRecord::BY_SERVICES]).await?);
    users::load(tx, &mut loader).await?;
    sessions::load_certificates(tx, &mut loader).await?;
    sessions::load_sessions(tx, &mut loader, now).await?;
    loader.finish().map_err(misfit)
}

/// How many of each there are in the engine for which there is a claim in the ledger.
pub fn claimed(engine: &Authorization) -> [(&'static Scope, usize); 3] {
    [
        (USER, engine.user_count()),
        (ROLE, engine.role_count()),
        (CERTIFICATE, engine.certificate_count()),
    ]
}

fn misfit(misfit: Misfit) -> Error {
    unreadable(misfit.0)
}
