//! Queries about API keys.

use std::collections::BTreeMap;

use aggregates::values::{ApiKeyId, GroupId, KeyDigest, OrganisationId};

use super::{ApiKeyRow, ApiKeySort, record::ApiKeyRecord};
use crate::{
    numbered::{Among, Chosen, all_of, each_of, part_of, part_of_all},
    page::{Paged, Part, Sorting},
    store::{
        self, Sort, load,
        sql::{Boxed, Db, Error},
    },
};

/// The key with this id.
pub fn find<'a>(db: &'a Db, id: ApiKeyId) -> Boxed<'a, Result<Option<ApiKeyRow>, Error>> {
    Box::pin(async move {
        let found = load(&mut &*db, ApiKeyRecord::WITH_NUMBER, [id]).await?;
        Ok(found.into_iter().next().map(ApiKeyRecord::into_row))
    })
}

/// The key with this digest. It may have expired.
pub fn find_by_digest<'a>(db: &'a Db, digest: KeyDigest) -> Boxed<'a, Result<Option<ApiKeyRow>, Error>> {
    Box::pin(async move {
        let found = load(&mut &*db, ApiKeyRecord::WITH_DIGEST, [digest]).await?;
        Ok(found.into_iter().next().map(ApiKeyRecord::into_row))
    })
}

/// Those of these keys that exist, in the order of their numbers.
pub fn find_many<'a>(db: &'a Db, ids: &'a [ApiKeyId]) -> Boxed<'a, Result<Vec<ApiKeyRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let chosen = Chosen::by("number IN", ids.iter().copied(), "");
        let rows: Vec<ApiKeyRecord> = all_of(&mut tx, chosen).await?;
        Ok(rows.into_iter().map(ApiKeyRecord::into_row).collect())
    })
}

/// For each of these keys, its groups; keys without a group are left out.
pub fn groups_of<'a>(
    db: &'a Db,
    ids: &'a [ApiKeyId],
) -> Boxed<'a, Result<BTreeMap<ApiKeyId, Vec<GroupId>>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let keys = ids.iter().map(|id| (*id).into()).collect();
        each_of(&mut tx, "api_key_groups", ["api_key", "group_number"], keys).await
    })
}

/// A part of the keys. A key is of each organisation of which it has a group.
pub fn page<'a>(
    db: &'a Db,
    among: Among<'a, OrganisationId, ApiKeyId>,
    sorting: Sorting<ApiKeySort>,
    part: Part,
) -> Boxed<'a, Result<Paged<ApiKeyRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let descending = sorting.descending;
        let (column, sort) = match sorting.by {
            ApiKeySort::Id => ("ordinal", Some(Sort::OLDEST_FIRST)),
            ApiKeySort::Name => ("name_key", Some(Sort::by(&ApiKeyRecord::BY_NAME))),
            ApiKeySort::ExpiresAt => ("expires_at", None),
            ApiKeySort::UpdatedAt => ("updated_at", None),
        };
        let found = match (among, sort) {
            (Among::All, Some(sort)) => {
                let sort = if descending { sort.reversed() } else { sort };
                store::page(&mut tx, &[ApiKeyRecord::ALL], sort, part).await?
            }
            (Among::All, None) => {
                part_of_all(&mut tx, &[ApiKeyRecord::ALL], column, descending, part).await?
            }
            (Among::Organisations(ids), _) => {
                let before = "number IN (SELECT api_key FROM api_key_organisations WHERE organisation IN";
                let chosen = Chosen::by(before, ids.iter().copied(), ")");
                part_of(&mut tx, &[chosen], column, descending, part).await?
            }
            (Among::These(ids), _) => {
                let chosen = Chosen::by("number IN", ids.iter().copied(), "");
                part_of(&mut tx, &[chosen], column, descending, part).await?
            }
        };
        Ok(found.map(ApiKeyRecord::into_row))
    })
}
