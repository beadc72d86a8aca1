//! Queries about API keys.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::values::{ApiKeyId, GroupId, OrganisationId};

use super::{ApiKeyRow, ApiKeySort, record::ApiKeyRecord};
use crate::{
    numbered::{Among, Chosen, each_of, part_among},
    page::{Paged, Part, Sorting},
    store::{
        Sort, load,
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

/// The keys that have one of these groups, in the order of their numbers.
pub fn of_groups<'a>(db: &'a Db, groups: &'a [GroupId]) -> Boxed<'a, Result<Vec<ApiKeyId>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let keys: Vec<_> = groups.iter().map(|group| (*group).into()).collect();
        let columns = ["group_number", "api_key"];
        let found: BTreeMap<GroupId, Vec<ApiKeyId>> =
            each_of(&mut tx, "api_key_groups", columns, keys).await?;
        let keys: BTreeSet<ApiKeyId> = found.into_values().flatten().collect();
        Ok(keys.into_iter().collect())
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
        let chosen = match among {
            Among::All => None,
            Among::Organisations(ids) => {
                let before = "number IN (SELECT api_key FROM api_key_organisations WHERE organisation IN";
                Some(Chosen::by(before, ids.iter().copied(), ")"))
            }
            Among::These(ids) => Some(Chosen::by("number IN", ids.iter().copied(), "")),
        };
        let order = match sorting.by {
            ApiKeySort::Id => ("ordinal", Some(Sort::OLDEST_FIRST)),
            ApiKeySort::Name => ("name_key", Some(Sort::by(&ApiKeyRecord::BY_NAME))),
            ApiKeySort::ExpiresAt => ("expires_at", None),
            ApiKeySort::UpdatedAt => ("updated_at", None),
        };
        let all = ApiKeyRecord::ALL;
        let found = part_among(&mut tx, chosen, all, order, sorting.descending, part).await?;
        Ok(found.map(ApiKeyRecord::into_row))
    })
}
