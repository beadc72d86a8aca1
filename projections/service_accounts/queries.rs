//! Queries about service accounts.

use aggregates::service_account::ServiceAccountId;

use super::{ServiceAccountRow, record::ServiceAccountRecord};
use crate::{
    page::{Page, Paged},
    store::{
        self, Sort, load,
        sql::{Boxed, Db, Error},
    },
};

/// A page of all service accounts, oldest first.
pub fn page<'a>(db: &'a Db, page: &'a Page) -> Boxed<'a, Result<Paged<ServiceAccountRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let found = store::page(&mut tx, &[ServiceAccountRecord::ALL], Sort::OLDEST_FIRST, page).await?;
        Ok(found.map(ServiceAccountRecord::into_row))
    })
}

/// Those of these service accounts that have a row.
pub fn find_all<'a>(
    db: &'a Db,
    ids: Vec<ServiceAccountId>,
) -> Boxed<'a, Result<Vec<ServiceAccountRow>, Error>> {
    Box::pin(async move {
        let found = load(&mut &*db, ServiceAccountRecord::WITH_ID, ids).await?;
        Ok(found.into_iter().map(ServiceAccountRecord::into_row).collect())
    })
}

/// The service account with this id.
pub fn find<'a>(db: &'a Db, id: ServiceAccountId) -> Boxed<'a, Result<Option<ServiceAccountRow>, Error>> {
    Box::pin(async move {
        let found = load(&mut &*db, ServiceAccountRecord::WITH_ID, [id]).await?;
        Ok(found.into_iter().next().map(ServiceAccountRecord::into_row))
    })
}
