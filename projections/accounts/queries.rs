//! Queries about accounts.

use std::collections::BTreeMap;

use aggregates::values::{AccountId, Email, GroupId, OrganisationId, Timestamp, UserId};

use super::{AccountRow, AccountSort, record::AccountRecord};
use crate::{
    numbered::{Among, Chosen, all_of, each_of, part_among},
    page::{Paged, Part, Sorting},
    store::{
        Column, Find, Sort, load,
        sql::{Boxed, Db, Error, Read, sql},
    },
};

/// The account with this id.
pub fn find<'a>(db: &'a Db, id: AccountId) -> Boxed<'a, Result<Option<AccountRow>, Error>> {
    first(db, AccountRecord::WITH_NUMBER, id)
}

/// The account of a user.
pub fn find_by_user<'a>(db: &'a Db, user: UserId) -> Boxed<'a, Result<Option<AccountRow>, Error>> {
    first(db, AccountRecord::OF_USER, user)
}

/// The account whose person logs in by this address, in any case.
pub fn find_by_email<'a>(db: &'a Db, email: &Email) -> Boxed<'a, Result<Option<AccountRow>, Error>> {
    first(db, AccountRecord::WITH_EMAIL, Some(email.key()))
}

fn first<'a, V: Column + Send + Sync + 'a>(
    db: &'a Db,
    by: Find<AccountRecord, V>,
    value: V,
) -> Boxed<'a, Result<Option<AccountRow>, Error>> {
    Box::pin(async move {
        let found = load(&mut &*db, by, [value]).await?;
        Ok(found.into_iter().next().map(AccountRecord::into_row))
    })
}

/// Those of these accounts that exist, in the order of their numbers.
pub fn find_many<'a>(db: &'a Db, ids: &'a [AccountId]) -> Boxed<'a, Result<Vec<AccountRow>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let chosen = Chosen::by("number IN", ids.iter().copied(), "");
        let rows: Vec<AccountRecord> = all_of(&mut tx, chosen).await?;
        Ok(rows.into_iter().map(AccountRecord::into_row).collect())
    })
}

/// The accounts of these users, in the order of their numbers.
pub fn of_users<'a>(
    db: &'a Db,
    users: impl IntoIterator<Item = UserId>,
) -> Boxed<'a, Result<Vec<AccountRow>, Error>> {
    let chosen = Chosen::by("user_id IN", users, "");
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let rows: Vec<AccountRecord> = all_of(&mut tx, chosen).await?;
        Ok(rows.into_iter().map(AccountRecord::into_row).collect())
    })
}

/// Up to `limit` accounts in a group that are active and do not expire, in the order of their numbers.
pub fn lasting_members<'a>(
    db: &'a mut dyn Read,
    group: GroupId,
    limit: i64,
) -> Boxed<'a, Result<Vec<AccountId>, Error>> {
    Box::pin(async move {
        let statement = sql(
            "SELECT a.number FROM account_groups g JOIN accounts a ON a.number = g.account \
             WHERE g.group_number = $1 AND a.is_active = TRUE AND a.expires_at IS NULL ORDER BY a.number LIMIT $2",
        );
        let rows = db.all(statement.bind(group).bind(limit)).await?;
        rows.iter().map(|row| AccountId::read(row, 0)).collect()
    })
}

/// For each of these accounts, its groups; accounts without a group are left out.
pub fn groups_of<'a>(
    db: &'a Db,
    ids: &'a [AccountId],
) -> Boxed<'a, Result<BTreeMap<AccountId, Vec<GroupId>>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let keys = ids.iter().map(|id| (*id).into()).collect();
        each_of(&mut tx, "account_groups", ["account", "group_number"], keys).await
    })
}

/// For each of these accounts, the organisations that it waits for; accounts that wait for none are left out.
pub fn requests_of<'a>(
    db: &'a Db,
    ids: &'a [AccountId],
) -> Boxed<'a, Result<BTreeMap<AccountId, Vec<OrganisationId>>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let keys = ids.iter().map(|id| (*id).into()).collect();
        each_of(&mut tx, "account_requests", ["account", "organisation"], keys).await
    })
}

/// A part of the accounts. An account is of each organisation of which it has a group.
pub fn page<'a>(
    db: &'a Db,
    among: Among<'a, OrganisationId, AccountId>,
    sorting: Sorting<AccountSort>,
    part: Part,
) -> Boxed<'a, Result<Paged<AccountRow>, Error>> {
    Box::pin(async move {
        let chosen = match among {
            Among::All => None,
            Among::Organisations(ids) => {
                let before = "number IN (SELECT account FROM account_organisations WHERE organisation IN";
                Some(Chosen::by(before, ids.iter().copied(), ")"))
            }
            Among::These(ids) => Some(Chosen::by("number IN", ids.iter().copied(), "")),
        };
        part_in_order(db, chosen, sorting, part).await
    })
}

/// For each of these groups, the accounts in it; groups without an account are left out.
pub fn members_of<'a>(
    db: &'a Db,
    ids: &'a [GroupId],
) -> Boxed<'a, Result<BTreeMap<GroupId, Vec<AccountId>>, Error>> {
    Box::pin(async move {
        let mut tx = db.snapshot().await?;
        let keys = ids.iter().map(|id| (*id).into()).collect();
        each_of(&mut tx, "account_groups", ["group_number", "account"], keys).await
    })
}

/// A part of the accounts in a group.
pub fn members<'a>(
    db: &'a Db,
    group: GroupId,
    sorting: Sorting<AccountSort>,
    part: Part,
) -> Boxed<'a, Result<Paged<AccountRow>, Error>> {
    let before = "number IN (SELECT account FROM account_groups WHERE group_number IN";
    let chosen = Chosen::by(before, [group], ")");
    Box::pin(part_in_order(db, Some(chosen), sorting, part))
}

/// A part of the accounts that wait for one of these organisations.
pub fn awaiting<'a>(
    db: &'a Db,
    organisations: &'a [OrganisationId],
    sorting: Sorting<AccountSort>,
    part: Part,
) -> Boxed<'a, Result<Paged<AccountRow>, Error>> {
    let before = "number IN (SELECT account FROM account_requests WHERE organisation IN";
    let chosen = Chosen::by(before, organisations.iter().copied(), ")");
    Box::pin(part_in_order(db, Some(chosen), sorting, part))
}

async fn part_in_order(
    db: &Db,
    chosen: Option<Chosen<'_>>,
    Sorting { by, descending }: Sorting<AccountSort>,
    part: Part,
) -> Result<Paged<AccountRow>, Error> {
    let order = match by {
        AccountSort::Id => ("ordinal", Some(Sort::OLDEST_FIRST)),
        AccountSort::Name => ("name_key", Some(Sort::by(&AccountRecord::BY_NAME))),
        AccountSort::LastLogin => ("last_login_at", None),
        AccountSort::ExpiresAt => ("expires_at", None),
    };
    let mut tx = db.snapshot().await?;
    let found = part_among(&mut tx, chosen, AccountRecord::ALL, order, descending, part).await?;
    Ok(found.map(AccountRecord::into_row))
}

/// Up to `limit` active accounts that should have stopped being in use until `now`, those first that should have stopped first.
pub fn expired<'a>(db: &'a Db, now: Timestamp, limit: i64) -> Boxed<'a, Result<Vec<AccountId>, Error>> {
    Box::pin(async move {
        let statement = sql(
            "SELECT number FROM accounts WHERE is_active = TRUE AND expires_at <= $1 \
             ORDER BY expires_at, number LIMIT $2",
        );
        let rows = db.all(statement.bind(now.micros()).bind(limit)).await?;
        rows.iter().map(|row| AccountId::read(row, 0)).collect()
    })
}
