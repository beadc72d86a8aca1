//! A part of a list in the order of several keys. The list is counted in the order of the first one, so this order says which values of the
//! first key the part has. The database sorts the licences with these values alone.

use super::{
    LicenceSort,
    queries::{List, column_order, in_order, order_by},
    record::LicenceRecord,
};
use crate::{
    page::{Part, Sorting},
    store::{
        Key, Record,
        sql::{Argument, Error, Tx, sql},
    },
};

fn argument(key: Key<'_>) -> Argument<'static> {
    match key {
        Key::Text(text) => text.to_owned().into(),
        Key::Int(number) => number.into(),
    }
}

pub(super) async fn several(
    tx: &mut Tx<'_>,
    list: List,
    first: Sorting<LicenceSort>,
    order: &[Sorting<LicenceSort>],
    part: Part,
) -> Result<Vec<LicenceRecord>, Error> {
    // Whatever the further keys are, the same places have the same values of the first one.
    let by_first = in_order(tx, list, Some(&first), part).await?;
    let (Some(begin), Some(end)) = (by_first.first(), by_first.last()) else {
        return Ok(Vec::new());
    };
    let key = column_order(first.by);
    let (least, most) = match first.descending {
        false => (begin, end),
        true => (end, begin),
    };
    let (of, organisation): (_, Vec<Argument<'_>>) = match list {
        List::All => ("", Vec::new()),
        List::Of(id) => ("organisation = $3 AND ", vec![id.into()]),
    };
    // Those before the part that have the same value as its first row.
    let before = format!(
        "SELECT COUNT(*) FROM {} WHERE {of}{} = $1 AND ordinal {} $2",
        LicenceRecord::TABLE.name,
        key.column,
        if first.descending { ">" } else { "<" },
    );
    let before = sql(before)
        .bind_all([argument((key.key)(begin)), begin.ordinal.into()])
        .bind_all(organisation.clone());
    let skipped = match tx.all(before).await?.first() {
        Some(row) => row.int(0)?,
        None => 0,
    };
    let limit = i64::try_from(by_first.len()).unwrap_or(i64::MAX);
    let after = if organisation.is_empty() { 3 } else { 4 };
    let rows = format!(
        "SELECT {} FROM {} WHERE {of}{} BETWEEN $1 AND $2 {} LIMIT ${after} OFFSET ${}",
        LicenceRecord::TABLE.column_list(),
        LicenceRecord::TABLE.name,
        key.column,
        order_by(order),
        after + 1,
    );
    let rows = sql(rows)
        .bind_all([argument((key.key)(least)), argument((key.key)(most))])
        .bind_all(organisation)
        .bind(limit)
        .bind(skipped);
    tx.all(rows).await?.iter().map(LicenceRecord::read).collect()
}
