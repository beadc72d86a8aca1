//! Counts the spans whose begin or end has moved.

use std::collections::BTreeMap;

use super::{
    LEVELS, OfValue, SortedTable,
    boundaries::{Boundaries, Mark},
    moves::{Counts, OrderMoves},
    place,
};
use crate::store::{
    sql::{Argument, Error, Row, Tx, filled, placeholders, rounded, sql},
    table::{most_rows, unreadable},
};

/// The counts of spans, by where each span begins.
type Spans = BTreeMap<Mark, Counts>;

/// The counts of the spans in `moved`: at level 1 the rows that the table has now, at the other levels the sums of the
/// level below. `increments` contains what the batch adds to all other spans.
pub(super) async fn recount(
    tx: &mut Tx<'_>,
    orders: &[OrderMoves],
    boundaries: &Boundaries,
    moved: &BTreeMap<Mark, String>,
    increments: &Spans,
) -> Result<Spans, Error> {
    let mut counted = Spans::new();
    let mut alike = BTreeMap::<_, Vec<_>>::new();
    for span in moved.iter().filter(|((_, level, _), _)| *level == 1) {
        let sorted = &orders.get(span.0.0).ok_or(Error::RowNotFound)?.sorted;
        let column = sorted.of.as_ref().map(|of| of.column);
        alike
            .entry((sorted.order, column))
            .or_default()
            .push((sorted, span));
    }
    for spans in alike.values() {
        counted.extend(count_rows(tx, spans).await?);
    }
    let mut below = stored_below(tx, orders, moved).await?;
    below.retain(|mark, _| !moved.contains_key(mark) && !boundaries.removed.contains(mark));
    for level in 2..=LEVELS {
        for ((number, _, start), end) in moved.iter().filter(|((_, of, _), _)| *of == level) {
            let first = (*number, level - 1, start.clone());
            let last = (*number, level - 1, end.clone());
            let mut sum = Counts::new();
            for spans in [&below, increments, &counted] {
                for (list, live) in spans.range(&first..&last).flat_map(|(_, counts)| counts) {
                    *sum.entry(*list).or_default() += live;
                }
            }
            counted.insert((*number, level, start.clone()), sum);
        }
    }
    Ok(counted)
}

/// A span of level 1, with the table that it is of: where it begins, and where it ends.
type Span<'a> = (&'a SortedTable, (&'a Mark, &'a String));

/// Counts the rows of spans of level 1 in the same order; each base list is counted by its own index. Spans of different values of a
/// column are counted together.
async fn count_rows(tx: &mut Tx<'_>, spans: &[Span<'_>]) -> Result<Spans, Error> {
    let Some((sorted, _)) = spans.first() else {
        return Ok(Spans::new());
    };
    let (table, key) = (sorted.table, sorted.column);
    let of_value = sorted.of.as_ref();
    let of_value = of_value.map_or(String::new(), |of| format!("{} = v.column7 AND ", of.column));
    let counts = sorted.lists.iter().map(|(_, condition)| {
        let condition = format!("{of_value}{condition}");
        // There is no greatest text. So the last span, which has no end, ends after the greatest existing key.
        format!(
            "(SELECT COUNT(*) FROM {table} WHERE {condition} ({key}, ordinal) >= (v.column2, v.column3) \
             AND ({key}, ordinal) < (COALESCE(v.column4, (SELECT MAX({key}) FROM {table} WHERE {condition} \
             {key} IS NOT NULL)), v.column5))"
        )
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    let mut asked: Vec<Vec<Argument<'_>>> = Vec::with_capacity(spans.len());
    for (sorted, ((number, _, start), end)) in spans {
        let mut row = vec![start.as_str().into()];
        row.extend(place::values(sorted, start)?);
        row.extend(place::values(sorted, end)?);
        row.push(i64::try_from(*number).map_err(unreadable)?.into());
        row.extend(sorted.of.as_ref().map(OfValue::argument));
        asked.push(row);
    }
    let mut counted = Spans::new();
    let columns = asked.first().map_or(0, Vec::len);
    for chunk in asked.chunks(most_rows(columns)) {
        let count = rounded(chunk.len());
        let statement = sql(format!(
            "SELECT v.column1, v.column6, {counts} FROM (VALUES {}) AS v",
            placeholders(1, count, columns)
        ));
        for row in tx
            .all(statement.bind_all(filled(chunk, count).flatten().cloned()))
            .await?
        {
            let live = sorted.lists.iter().zip(2..);
            let live = live.map(|((list, _), column)| Ok((*list, row.int(column)?)));
            let live: Counts = live.collect::<Result<_, Error>>()?;
            let number = usize::try_from(row.int(1)?).map_err(unreadable)?;
            counted.insert((number, 1, row.text(0)?), live);
        }
    }
    Ok(counted)
}

/// The stored spans one level below the moved spans.
async fn stored_below(
    tx: &mut Tx<'_>,
    orders: &[OrderMoves],
    moved: &BTreeMap<Mark, String>,
) -> Result<Spans, Error> {
    let mut asked: Vec<[Argument<'_>; 4]> = Vec::new();
    for ((number, level, start), end) in moved.iter().filter(|((_, level, _), _)| *level > 1) {
        let order = orders.get(*number).ok_or(Error::RowNotFound)?;
        asked.push([
            (&*order.sorted.sort).into(),
            (level - 1).into(),
            start.as_str().into(),
            end.as_str().into(),
        ]);
    }
    let mut stored = Spans::new();
    for chunk in asked.chunks(most_rows(4)) {
        let count = rounded(chunk.len());
        let statement = sql(format!(
            "SELECT m.sort, m.level, m.place, m.list, m.live FROM (VALUES {}) AS v CROSS JOIN list_marks m \
             WHERE m.sort = v.column1 AND m.level = v.column2 AND m.place >= v.column3 AND m.place < v.column4",
            placeholders(1, count, 4)
        ));
        for row in tx
            .all(statement.bind_all(filled(chunk, count).flatten().cloned()))
            .await?
        {
            if let Some((mark, list, live)) = read(orders, &row)? {
                stored.entry(mark).or_default().insert(list, live);
            }
        }
    }
    Ok(stored)
}

/// A stored span of one of these orders; `None` if its order no longer has the base list.
fn read(orders: &[OrderMoves], row: &Row) -> Result<Option<(Mark, &'static str, i64)>, Error> {
    let (sort, list) = (row.str(0)?, row.str(3)?);
    let found = orders
        .iter()
        .enumerate()
        .find(|(_, moves)| moves.sorted.sort == sort)
        .and_then(|(number, moves)| {
            let (list, _) = moves.sorted.lists.iter().find(|(name, _)| *name == list)?;
            Some((number, *list))
        });
    let Some((number, list)) = found else {
        return Ok(None);
    };
    Ok(Some(((number, row.int(1)?, row.text(2)?), list, row.int(4)?)))
}
