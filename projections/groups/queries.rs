//! Queries about groups.

use std::collections::BTreeMap;

use aggregates::values::{AccountId, ApplicationId, GroupId, OrganisationId};

use super::{GroupRow, GroupSort, record::GroupRecord};
use crate::{
    numbered::{Among, Chosen, all_of, each_of, part_of, part_of_all},
    page::{Paged, Part, Sorting},
    store::{
        self, Sort, load,
        sql::{Boxed, Db, Error},
    },
};

/// The group with this id.
pub fn find<'a>(db: &'a Db, id: GroupId) -> Boxed<'a, Result<Option<GroupRow>, Error>> {
    Box::pin(async move {
        let found = load(&mut &*db, GroupRecord::WITH_NUMBER, [id]).await?;
        Ok(found.into_iter().next().map(GroupRecord::into_row))
    })
}

/// Those of these groups that exist, in the order of their numbers.
pub fn find_many<'a>(db: &'a Db, ids: &'a [GroupId]) -> Boxed<'a, Result<Vec<GroupRow>, Error>> {
    let chosen = Chosen::by("number IN", ids.iter().copied(), "");
    all(db, chosen)
}

/// The groups that an account is in, in the order of their numbers.
pub fn of_account<'a>(db: &'a Db, account: AccountId) -> Boxed<'a, Result<Vec<GroupRow>, Error>> {
    let before = "number IN (SELECT group_number FROM account_groups WHERE account IN";
    all(db, Chosen::by(before, [account], ")"))
}

/// For each of these applications, the groups to which it is attached; applications without a group are left out.
pub fn of_applications<'a>(
    db: &'a Db,
    ids: &'a [ApplicationId],
) -> Boxed<'a, Result<BTreeMap<ApplicationId, Vec<GroupId>>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let keys = ids.iter().map(|id| (*id).into()).collect();
        let columns = ["application", "group_number"];
        each_of(&mut tx, "group_applications", columns, keys).await
    })
}

fn all<'a>(db: &'a Db, chosen: Chosen<'a>) -> Boxed<'a, Result<Vec<GroupRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let rows: Vec<GroupRecord> = all_of(&mut tx, chosen).await?;
        Ok(rows.into_iter().map(GroupRecord::into_row).collect())
    })
}

/// For each of these groups, the applications that are attached to it; groups without an application are left out.
pub fn applications_of<'a>(
    db: &'a Db,
    ids: &'a [GroupId],
) -> Boxed<'a, Result<BTreeMap<GroupId, Vec<ApplicationId>>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let keys = ids.iter().map(|id| (*id).into()).collect();
        each_of(
            &mut tx,
            "group_applications",
            ["group_number", "application"],
            keys,
        )
        .await
    })
}

/// A part of the groups.
pub fn page<'a>(
    db: &'a Db,
    among: Among<'a, OrganisationId, GroupId>,
    sorting: Sorting<GroupSort>,
    part: Part,
) -> Boxed<'a, Result<Paged<GroupRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let descending = sorting.descending;
        let (column, sort) = sorted_by(sorting.by);
        let found = match (among, sort) {
            (Among::All, Some(sort)) => {
                let sort = if descending { sort.reversed() } else { sort };
                store::page(&mut tx, &[GroupRecord::ALL], sort, part).await?
            }
            (Among::All, None) => part_of_all(&mut tx, &[GroupRecord::ALL], column, descending, part).await?,
            (Among::Organisations(ids), _) => {
                let chosen = Chosen::by("organisation IN", ids.iter().copied(), "");
                part_of(&mut tx, &[chosen], column, descending, part).await?
            }
            (Among::These(ids), _) => {
                let chosen = Chosen::by("number IN", ids.iter().copied(), "");
                part_of(&mut tx, &[chosen], column, descending, part).await?
            }
        };
        Ok(found.map(GroupRecord::into_row))
    })
}

/// A part of all groups but one. Its cost grows with the number of groups.
pub fn page_without<'a>(
    db: &'a Db,
    id: GroupId,
    sorting: Sorting<GroupSort>,
    part: Part,
) -> Boxed<'a, Result<Paged<GroupRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let (column, _) = sorted_by(sorting.by);
        let chosen = Chosen::by("number NOT IN", [id], "");
        let found = part_of(&mut tx, &[chosen], column, sorting.descending, part).await?;
        Ok(found.map(GroupRecord::into_row))
    })
}

/// The column by which groups are sorted, and the order that the store counts, if it counts one.
fn sorted_by(by: GroupSort) -> (&'static str, Option<Sort<GroupRecord>>) {
    match by {
        GroupSort::Id => ("ordinal", Some(Sort::OLDEST_FIRST)),
        GroupSort::Name => ("name_key", Some(Sort::by(&GroupRecord::BY_NAME))),
        GroupSort::Levels => ("levels", None),
        GroupSort::Organisation => ("organisation", None),
        GroupSort::UpdatedAt => ("updated_at", None),
    }
}
