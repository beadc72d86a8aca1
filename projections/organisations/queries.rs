//! Queries about organisations.

use aggregates::values::OrganisationId;

use super::{OrganisationRow, OrganisationSort, record::OrganisationRecord};
use crate::{
    numbered::{Among, Chosen, all_of, part_among},
    page::{Paged, Part, Sorting},
    store::{
        Sort, load,
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
        let chosen = match among {
            Among::All => None,
            Among::Organisations(ids) | Among::These(ids) => {
                Some(Chosen::by("number IN", ids.iter().copied(), ""))
            }
        };
        let order = match sorting.by {
            OrganisationSort::Id => ("ordinal", Some(Sort::OLDEST_FIRST)),
            OrganisationSort::Name => ("name_key", Some(Sort::by(&OrganisationRecord::BY_NAME))),
        };
        let mut tx = db.snapshot().await?;
        let all = OrganisationRecord::ALL;
        let found = part_among(&mut tx, chosen, all, order, sorting.descending, part).await?;
        Ok(found.map(OrganisationRecord::into_row))
    })
}
