//! Queries about organisations.

use aggregates::values::OrganisationId;

use super::{OrganisationRow, OrganisationSort, record::OrganisationRecord};
use crate::{
    numbered::{Among, Chosen, all_of, part_of},
    page::{Paged, Part, Sorting},
    store::{
        self, Sort, load,
        sql::{Boxed, Db, Error},
    },
};

/// The organisation with this id.
pub fn find<'a>(db: &'a Db, id: OrganisationId) -> Boxed<'a, Result<Option<OrganisationRow>, Error>> {
    Box::pin(async move {
        let found = load(&mut &*db, OrganisationRecord::WITH_NUMBER, [id]).await?;
        Ok(found.into_iter().next().map(OrganisationRecord::into_row))
    })
}

/// Those of these organisations that exist, in the order of their numbers.
pub fn find_many<'a>(
    db: &'a Db,
    ids: &'a [OrganisationId],
) -> Boxed<'a, Result<Vec<OrganisationRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let rows: Vec<OrganisationRecord> =
            all_of(&mut tx, Chosen::by("number IN", ids.iter().copied(), "")).await?;
        Ok(rows.into_iter().map(OrganisationRecord::into_row).collect())
    })
}

/// A part of the organisations. An organisation is of itself.
pub fn page<'a>(
    db: &'a Db,
    among: Among<'a, OrganisationId, OrganisationId>,
    sorting: Sorting<OrganisationSort>,
    part: Part,
) -> Boxed<'a, Result<Paged<OrganisationRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let found = match among {
            Among::All => {
                let sort = match sorting.by {
                    OrganisationSort::Id => Sort::OLDEST_FIRST,
                    OrganisationSort::Name => Sort::by(&OrganisationRecord::BY_NAME),
                };
                let sort = if sorting.descending { sort.reversed() } else { sort };
                store::page(&mut tx, &[OrganisationRecord::ALL], sort, part).await?
            }
            Among::Organisations(ids) | Among::These(ids) => {
                let column = match sorting.by {
                    OrganisationSort::Id => "ordinal",
                    OrganisationSort::Name => "name_key",
                };
                let chosen = [Chosen::by("number IN", ids.iter().copied(), "")];
                part_of(&mut tx, &chosen, column, sorting.descending, part).await?
            }
        };
        Ok(found.map(OrganisationRecord::into_row))
    })
}
