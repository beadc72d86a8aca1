//! A part of a list in the order of several keys. The list is counted in the order of the first one, so this order says which values of the
//! first key the part has. The database sorts the ids of the licences with these values alone.

use super::{
    LicenceSort, PageError,
    queries::{List, column_order, in_order, order_by, with_ids},
    record::LicenceRecord,
};
use crate::{
    page::{Part, Sorting},
    store::{
        Key, Record as _,
        sql::{Argument, Tx, sql},
    },
};

fn argument(key: Key<'_>) -> Argument<'static> {
    match key {
        Key::Text(text) => text.to_owned().into(),
        Key::Int(number) => number.into(),
    }
}

/// A part of a list in the order of several keys, unless more than `most_sorted` licences have the values of the first key that the part has.
pub(super) async fn several(
    tx: &mut Tx<'_>,
    list: List,
    first: Sorting<LicenceSort>,
    order: &[Sorting<LicenceSort>],
    part: Part,
    most_sorted: i64,
) -> Result<Vec<LicenceRecord>, PageError> {
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
    let between = [argument((key.key)(least)), argument((key.key)(most))];
    let (of, organisation): (_, Vec<Argument<'_>>) = match list {
        List::All => ("", Vec::new()),
        List::Of(id) => ("organisation = $3 AND ", vec![id.into()]),
    };
    let among = format!(
        "FROM {} WHERE {of}{} BETWEEN $1 AND $2",
        LicenceRecord::TABLE.name,
        key.column
    );
    let next = between.len() + organisation.len() + 1;
    let arguments = || between.iter().chain(&organisation).cloned();
    // How many licences would be sorted, up to one more than may be; and how many of them have the value of the first row of the part and are
    // before it.
    let equal = format!(
        "SELECT COUNT(*), COUNT(CASE WHEN place = ${next} AND ordinal {} ${} THEN 1 END) \
         FROM (SELECT {} AS place, ordinal {among} LIMIT ${}) AS counted",
        if first.descending { ">" } else { "<" },
        next + 1,
        key.column,
        next + 2,
    );
    let equal = sql(equal)
        .bind_all(arguments())
        .bind(argument((key.key)(begin)))
        .bind(begin.ordinal)
        .bind(most_sorted.saturating_add(1));
    let (counted, before) = match tx.all(equal).await?.first() {
        Some(row) => (row.int(0)?, row.int(1)?),
        None => (0, 0),
    };
    if counted > most_sorted {
        return Err(PageError::TooManyEqual);
    }
    let limit = i64::try_from(by_first.len()).unwrap_or(i64::MAX);
    let ids = format!(
        "SELECT licence_id {among} {} LIMIT ${next} OFFSET ${}",
        order_by(order),
        next + 1,
    );
    let ids = sql(ids).bind_all(arguments()).bind(limit).bind(before);
    let ids = tx.all(ids).await?;
    Ok(with_ids(tx, &ids).await?)
}
