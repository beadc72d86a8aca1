//! Finds a row of a sorted list by its number.

use super::{
    LEVELS, OfValue, SortedTable,
    place::{END, START, values},
};
use crate::store::{
    sql::{Argument, Error, Statement, Tx, sql},
    table::{numbered, unreadable},
};

/// A span of level 1. The first `skipped` rows of the span come before the wanted row.
pub(in super::super) struct Spot {
    start: String,
    skipped: i64,
}

/// The number of rows in the base lists together, and the spot of one row. `wanted` gives the number of this row, from
/// 0, for that total. There is no spot if there is no such row. `sorted` must have no other base lists.
pub(in super::super) async fn locate(
    tx: &mut Tx<'_>,
    sorted: &SortedTable,
    wanted: impl FnOnce(i64) -> Option<i64>,
) -> Result<(i64, Option<Spot>), Error> {
    let (mut level, mut end) = (LEVELS, END.to_owned());
    let mut children = spans(tx, sorted, level, START, &end).await?;
    let total = children.iter().map(|(_, live)| live).sum();
    let Some(mut skipped) = wanted(total).filter(|wanted| *wanted < total) else {
        return Ok((total, None));
    };
    loop {
        let mut found = None;
        let mut rest = children.into_iter();
        for (start, live) in rest.by_ref() {
            if skipped < live {
                found = Some(start);
                break;
            }
            skipped -= live;
        }
        let start = found
            .ok_or_else(|| unreadable("list_marks does not add up: `muniment rebuild` makes it again"))?;
        level -= 1;
        if level == 0 {
            return Ok((total, Some(Spot { start, skipped })));
        }
        if let Some((next, _)) = rest.next() {
            end = next;
        }
        children = spans(tx, sorted, level, &start, &end).await?;
    }
}

/// The spans of a level that begin in a range, each with the number of its rows in the base lists.
async fn spans(
    tx: &mut Tx<'_>,
    sorted: &SortedTable,
    level: i64,
    first: &str,
    end: &str,
) -> Result<Vec<(String, i64)>, Error> {
    let lists = numbered(5, sorted.lists.len());
    let statement: Statement<'_> = sql(format!(
        "SELECT place, CAST(SUM(live) AS BIGINT) FROM list_marks WHERE sort = $1 AND level = $2 AND place >= $3 \
         AND place < $4 AND list IN ({lists}) GROUP BY place ORDER BY place"
    ))
    .bind(&*sorted.sort)
    .bind(level)
    .bind(first)
    .bind(end)
    .bind_all(sorted.lists.iter().map(|(list, _)| *list));
    let rows = tx.all(statement).await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect()
}

/// Reads `columns` of `limit` rows, beginning at a spot. It reads each base list by the list's own index. So the
/// database does not search a dense list for the rows of a sparse one.
pub(in super::super) fn rows_statement(
    sorted: &SortedTable,
    columns: &str,
    spot: &Spot,
    limit: i64,
) -> Result<Statement<'static>, Error> {
    let (table, key) = (sorted.table, sorted.column);
    let of_value = sorted.of.as_ref();
    let condition_of = of_value.map_or(String::new(), |of| format!("{} = $6 AND ", of.column));
    let parts: Vec<_> = sorted
        .lists
        .iter()
        .enumerate()
        .map(|(n, (_, condition))| {
            format!(
                "SELECT {columns} FROM (SELECT {columns} FROM {table} WHERE {condition_of}{condition} ({key}, ordinal) >= ($1, $2) \
                 ORDER BY {key}, ordinal LIMIT $3) AS list{n}"
            )
        })
        .collect();
    let text = format!(
        "{} ORDER BY {key}, ordinal LIMIT $4 OFFSET $5",
        parts.join(" UNION ALL ")
    );
    let bounds: [Argument<'_>; 3] = [(spot.skipped + limit).into(), limit.into(), spot.skipped.into()];
    let value = of_value.map(OfValue::argument);
    Ok(sql(text)
        .bind_all(values(sorted, &spot.start)?)
        .bind_all(bounds)
        .bind_all(value))
}
