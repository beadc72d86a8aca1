//! What a batch of events changes, and how it is written.

use std::collections::BTreeSet;

use aggregates::values::{Fingerprint, PermissionId, RoleId, SessionId, UserId};

use super::pending::Pending;
use crate::{
    counted_lists::Tally,
    permission_usage::record::{PermissionRecord, ResourceKey, ResourceRecord},
    role_directory::record::{HolderRecord, RoleRecord},
    sessions::record::SessionRecord,
    sql::{Argument, Error, Tx},
    tables::{Record, delete, upsert},
    user_directory::record::{CertificateRecord, UserRecord},
};

/// The rows that a batch touches in every table.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) users: Pending<UserId, UserRecord>,
    pub(crate) holders: Pending<(UserId, RoleId), HolderRecord>,
    pub(crate) certificates: Pending<(UserId, Fingerprint), CertificateRecord>,
    pub(crate) roles: Pending<RoleId, RoleRecord>,
    pub(crate) permissions: Pending<PermissionId, PermissionRecord>,
    pub(crate) resources: Pending<ResourceKey, ResourceRecord>,
    pub(crate) sessions: Pending<SessionId, SessionRecord>,
    pub(crate) lists: Tally,
    pub(crate) purges: Purges,
}

/// What is deleted as sets, however many rows that are. It is about the rows that the tables have before the
/// batch: what the batch itself made is taken out of [`Changes`] at the same time, and what it makes later
/// stays.
#[derive(Debug, Default)]
pub(crate) struct Purges {
    pub(crate) roles_of: BTreeSet<UserId>,
    pub(crate) holders_of: BTreeSet<RoleId>,
    pub(crate) certificates_of: BTreeSet<UserId>,
    pub(crate) permissions_of: BTreeSet<RoleId>,
    pub(crate) sessions_of: BTreeSet<UserId>,
}

impl Changes {
    /// Writes all of it: for each table the sets, then the rows that are gone, then the rows there are.
    pub(crate) async fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        write(tx, self.users, |id| vec![text(id)]).await?;

        purge::<HolderRecord, _>(tx, "user_id", &self.purges.roles_of).await?;
        purge::<HolderRecord, _>(tx, "role_id", &self.purges.holders_of).await?;
        write(tx, self.holders, |(user, role)| vec![text(user), text(role)]).await?;

        purge::<CertificateRecord, _>(tx, "user_id", &self.purges.certificates_of).await?;
        write(tx, self.certificates, |(user, fingerprint)| {
            vec![text(user), text(fingerprint)]
        })
        .await?;

        write(tx, self.roles, |id| vec![text(id)]).await?;

        purge::<PermissionRecord, _>(tx, "role_id", &self.purges.permissions_of).await?;
        write(tx, self.permissions, |id| vec![text(id)]).await?;
        write(tx, self.resources, |key| vec![key.0.to_vec().into()]).await?;

        purge::<SessionRecord, _>(tx, "user_id", &self.purges.sessions_of).await?;
        write(tx, self.sessions, |id| vec![text(id)]).await?;

        self.lists.write(tx).await
    }
}

async fn purge<R: Record, K: ToString>(
    tx: &mut Tx<'_>,
    column: &str,
    keys: &BTreeSet<K>,
) -> Result<(), Error> {
    let keys: Vec<_> = keys.iter().map(|key| vec![text(key)]).collect();
    delete(tx, R::TABLE.name, &[column], &keys, "").await
}

async fn write<K: Ord + Clone, R: Record>(
    tx: &mut Tx<'_>,
    pending: Pending<K, R>,
    key: impl Fn(&K) -> Vec<Argument<'static>>,
) -> Result<(), Error> {
    let (rows, gone) = pending.into_changes();
    let gone: Vec<_> = gone.iter().map(key).collect();
    delete(tx, R::TABLE.name, R::TABLE.key, &gone, "").await?;
    upsert(tx, &rows).await
}

fn text(value: &impl ToString) -> Argument<'static> {
    value.to_string().into()
}
