//! Queries about groups.

use std::collections::BTreeMap;

use aggregates::values::{AccountId, ApplicationId, GroupId, OrganisationId};

use super::{GroupRow, GroupSort, record::GroupRecord};
use crate::{
    numbered::{Among, Chosen, all_of, each_of, part_among},
    page::{Paged, Part, Sorting},
    store::{
        Sort, load,
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
        let chosen = match among {
            Among::All => None,
            Among::Organisations(ids) => Some(Chosen::by("organisation IN", ids.iter().copied(), "")),
            Among::These(ids) => Some(Chosen::by("number IN", ids.iter().copied(), "")),
        };
        part_in_order(db, chosen, sorting, part).await
    })
}

/// A part of all groups but one. Its cost grows with the number of groups.
pub fn page_without<'a>(
    db: &'a Db,
    id: GroupId,
    sorting: Sorting<GroupSort>,
    part: Part,
) -> Boxed<'a, Result<Paged<GroupRow>, Error>> {
    let chosen = Chosen::by("number NOT IN", [id], "");
    Box::pin(part_in_order(db, Some(chosen), sorting, part))
}

async fn part_in_order(
    db: &Db,
    chosen: Option<Chosen<'_>>,
    Sorting { by, descending }: Sorting<GroupSort>,
    part: Part,
) -> Result<Paged<GroupRow>, Error> {
    let order = match by {
        GroupSort::Id => ("ordinal", Some(Sort::OLDEST_FIRST)),
        GroupSort::Name => ("name_key", Some(Sort::by(&GroupRecord::BY_NAME))),
        GroupSort::Levels => ("levels", None),
        GroupSort::Organisation => ("organisation", None),
        GroupSort::UpdatedAt => ("updated_at", None),
    };
    let mut tx = db.snapshot().await?;
    let found = part_among(&mut tx, chosen, GroupRecord::ALL, order, descending, part).await?;
    Ok(found.map(GroupRecord::into_row))
}
