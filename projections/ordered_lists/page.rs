//! Finding a page of a sorted list.

use super::{
    BaseList, LEVELS, Order,
    place::{END, START, values},
};
use crate::{
    page::{Page, Paged},
    sql::{Argument, Error, Row, Statement, Tx, sql},
    tables::unreadable,
};

/// Which way a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The least key comes first.
    Ascending,
    /// The greatest key comes first, and of those who share it the row that was made last.
    Descending,
}

/// Rows of a list, counted from 0 in its ascending order.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    first: i64,
    rows: i64,
}

impl Direction {
    /// The rows of a page of a list of `total` rows.
    fn stretch(self, page: &Page, total: i64) -> Stretch {
        let left = total.saturating_sub(page.skipped()).max(0);
        let rows = left.min(page.limit());
        let first = match self {
            Self::Ascending => page.skipped(),
            Self::Descending => left - rows,
        };
        Stretch { first, rows }
    }
}

/// A span of level 1, and how many of its rows come before the one that is looked for.
struct Found {
    start: String,
    skipped: i64,
}

/// A page of the rows of these base lists together, each with all columns in the table's order. Reads the same few
/// hundred rows at most, whichever page it is.
pub async fn page(
    tx: &mut Tx<'_>,
    order: &Order,
    lists: &[BaseList],
    direction: Direction,
    page: &Page,
) -> Result<Paged<Row>, Error> {
    let spans = spans(tx, order, lists, LEVELS, (START, END)).await?;
    let total = spans.iter().map(|(_, live)| live).sum();
    let Stretch { first, rows: limit } = direction.stretch(page, total);
    let mut rows = Vec::new();
    if limit > 0 {
        let found = descend(tx, order, lists, spans, first).await?;
        rows = tx.all(rows_statement(order, lists, &found, limit)?).await?;
    }
    if direction == Direction::Descending {
        rows.reverse();
    }
    Ok(Paged { rows, total })
}

/// How many rows these base lists have together.
pub async fn total(tx: &mut Tx<'_>, order: &Order, lists: &[BaseList]) -> Result<i64, Error> {
    let spans = spans(tx, order, lists, LEVELS, (START, END)).await?;
    Ok(spans.iter().map(|(_, live)| live).sum())
}

/// Goes down from the spans of the top level to the span of level 1 that has the row after the first `skipped`.
async fn descend(
    tx: &mut Tx<'_>,
    order: &Order,
    lists: &[BaseList],
    mut level_spans: Vec<(String, i64)>,
    mut skipped: i64,
) -> Result<Found, Error> {
    let (mut level, mut end) = (LEVELS, END.to_owned());
    loop {
        let mut found = None;
        let mut rest = level_spans.into_iter();
        for (start, live) in rest.by_ref() {
            if skipped < live {
                found = Some(start);
                break;
            }
            skipped -= live;
        }
        let start =
            found.ok_or_else(|| unreadable("list_marks does not add up: `muniment rebuild` makes it again"))?;
        level -= 1;
        if level == 0 {
            return Ok(Found { start, skipped });
        }
        if let Some((next, _)) = rest.next() {
            end = next;
        }
        level_spans = spans(tx, order, lists, level, (&start, &end)).await?;
    }
}

/// The spans of a level that begin in a range, and how many rows of the base lists each has.
async fn spans(
    tx: &mut Tx<'_>,
    order: &Order,
    lists: &[BaseList],
    level: i64,
    (first, end): (&str, &str),
) -> Result<Vec<(String, i64)>, Error> {
    let names: Vec<_> = (5..5 + lists.len()).map(|number| format!("${number}")).collect();
    let statement = sql(format!(
        "SELECT place, CAST(SUM(live) AS BIGINT) FROM list_marks WHERE sort = $1 AND level = $2 AND place >= $3 \
         AND place < $4 AND list IN ({}) GROUP BY place ORDER BY place",
        names.join(", ")
    ))
    .bind(order.name)
    .bind(level)
    .bind(first)
    .bind(end)
    .bind_all(lists.iter().map(|list| list.name));
    let rows = tx.all(statement).await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect()
}

/// Each base list is read by its own index, so that the rows of a sparse one are not looked for among those of a dense one.
fn rows_statement<'a>(
    order: &Order,
    lists: &[BaseList],
    found: &Found,
    limit: i64,
) -> Result<Statement<'a>, Error> {
    let (columns, key) = (order.table.column_list(), order.column);
    let parts: Vec<_> = lists
        .iter()
        .enumerate()
        .map(|(number, list)| {
            format!(
                "SELECT {columns} FROM (SELECT {columns} FROM {} WHERE {} ({key}, ordinal) >= ($1, $2) \
                 ORDER BY {key}, ordinal LIMIT $3) AS list{number}",
                order.table.name, list.condition,
            )
        })
        .collect();
    let text = format!(
        "{} ORDER BY {key}, ordinal LIMIT $4 OFFSET $5",
        parts.join(" UNION ALL ")
    );
    let bounds: [Argument<'_>; 3] = [(found.skipped + limit).into(), limit.into(), found.skipped.into()];
    Ok(sql(text).bind_all(values(order, &found.start)?).bind_all(bounds))
}
