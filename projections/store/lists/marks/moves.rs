//! Keeps the spans of sorted lists up to date, for a batch of events at once.
//!
//! The changes of the batch are summed up in memory before anything is written. So a batch of any size costs the same
//! few statements:
//!
//! 1. one statement finds the marks before the places that change;
//! 2. if the batch adds or removes no mark, one statement adds to the spans, and one more deletes those that may now be
//!    zero;
//! 3. if it does, the spans that begin or end at these marks are counted again ([`super::recount`]): at level 1 from
//!    the table, at the other levels from the spans of the level below.
//!
//! The rows themselves must be written before.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    LEVELS, MARKS, SortedTable,
    boundaries::{Boundaries, Mark},
    place::height,
    recount::recount,
};
use crate::store::{
    sql::{Argument, Error, Tx, filled, placeholders, rounded, sql},
    table::{delete, most_rows},
    writes::Merge,
};

/// A number of rows for each base list.
pub(super) type Counts = BTreeMap<&'static str, i64>;

/// The changes of sorted lists by a batch of events. Their counts are made from the rows after these are written.
#[derive(Debug, Default)]
pub struct MarkMoves {
    orders: BTreeMap<Cow<'static, str>, OrderMoves>,
}

/// The changes of one order by a batch.
#[derive(Debug)]
pub(super) struct OrderMoves {
    pub(super) sorted: SortedTable,
    /// For each place, how many more rows each base list has there.
    places: BTreeMap<String, Counts>,
}

impl MarkMoves {
    /// Adds `by` rows to a list at a place of this order.
    pub(in super::super) fn count(
        &mut self,
        sort: Cow<'static, str>,
        sorted: impl FnOnce() -> SortedTable,
        list: &'static str,
        place: &str,
        by: i64,
    ) {
        let moves = self.orders.entry(sort).or_insert_with(|| OrderMoves {
            sorted: sorted(),
            places: BTreeMap::new(),
        });
        let lists = moves.places.entry(place.to_owned()).or_default();
        *lists.entry(list).or_default() += by;
    }

    /// Whether no sorted list changes.
    pub fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// Writes the counts. The rows must be written before.
    pub async fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let mut orders: Vec<_> = self.orders.into_values().collect();
        orders.iter_mut().for_each(OrderMoves::settle);
        orders.retain(|order| !order.places.is_empty());
        if orders.is_empty() {
            return Ok(());
        }
        let boundaries = boundaries(tx, &orders).await?;
        let moved = boundaries.moved();
        let mut changes = increments(&orders, &boundaries, &moved)?;
        if boundaries.are_moved() {
            let ended = moved.keys().chain(&boundaries.removed);
            let ended: Vec<_> = ended
                .map(|mark| name_of(&orders, mark))
                .collect::<Result<_, _>>()?;
            let counted = recount(tx, &orders, &boundaries, &moved, &changes).await?;
            delete(tx, &MARKS, &["sort", "level", "place"], &ended, "").await?;
            changes.extend(counted);
        }
        write(tx, &orders, &changes).await
    }
}

impl OrderMoves {
    /// Removes changes that add up to zero.
    fn settle(&mut self) {
        self.places.retain(|_, lists| {
            lists.retain(|_, by| *by != 0);
            !lists.is_empty()
        });
    }
}

/// The marks that the batch adds and removes, and the marks around the places that change.
async fn boundaries(tx: &mut Tx<'_>, orders: &[OrderMoves]) -> Result<Boundaries, Error> {
    let mut boundaries = Boundaries::default();
    let (mut changed, mut begun) = (BTreeSet::new(), BTreeSet::new());
    for (number, order) in orders.iter().enumerate() {
        for (place, lists) in &order.places {
            changed.insert((number, place.as_str()));
            // A row that only changes its base list keeps its place and its marks.
            let marks = match lists.values().sum() {
                0_i64 => continue,
                1.. => &mut boundaries.added,
                _ => &mut boundaries.removed,
            };
            for level in 1..=height(place)? {
                marks.insert((number, level, place.clone()));
                begun.insert((number, place.as_str()));
            }
        }
    }
    boundaries.before = nearest(tx, orders, &changed, ("MAX", "<")).await?;
    boundaries.after = nearest(tx, orders, &begun, ("MIN", ">")).await?;
    Ok(boundaries)
}

/// For each place, the nearest mark of each level on one side.
async fn nearest(
    tx: &mut Tx<'_>,
    orders: &[OrderMoves],
    places: &BTreeSet<(usize, &str)>,
    (nearest, side): (&str, &str),
) -> Result<BTreeMap<Mark, String>, Error> {
    let marks = (1..=LEVELS).map(|level| {
        format!(
            "(SELECT {nearest}(m.place) FROM list_marks m WHERE m.sort = v.column1 AND m.level = {level} \
             AND m.place {side} v.column2)"
        )
    });
    let marks = marks.collect::<Vec<_>>().join(", ");
    let numbers: BTreeMap<_, _> = orders
        .iter()
        .enumerate()
        .map(|(number, order)| (&*order.sorted.sort, number))
        .collect();
    let asked: Vec<_> = places
        .iter()
        .filter_map(|(number, place)| Some([&*orders.get(*number)?.sorted.sort, place]))
        .collect();
    let mut found = BTreeMap::new();
    for chunk in asked.chunks(most_rows(2)) {
        let count = rounded(chunk.len());
        let statement = sql(format!(
            "SELECT v.column1, v.column2, {marks} FROM (VALUES {}) AS v",
            placeholders(1, count, 2)
        ));
        for row in tx
            .all(statement.bind_all(filled(chunk, count).flatten().copied()))
            .await?
        {
            let Some(number) = numbers.get(row.str(0)?) else {
                continue;
            };
            for (level, column) in (1..=LEVELS).zip(2..) {
                if let Some(mark) = row.text_or_null(column)?.filter(|mark| !mark.is_empty()) {
                    found.insert((*number, level, row.text(1)?), mark);
                }
            }
        }
    }
    Ok(found)
}

/// What the batch adds to the spans whose begin and end do not move.
fn increments(
    orders: &[OrderMoves],
    boundaries: &Boundaries,
    moved: &BTreeMap<Mark, String>,
) -> Result<BTreeMap<Mark, Counts>, Error> {
    let mut increments = BTreeMap::<Mark, Counts>::new();
    for (number, order) in orders.iter().enumerate() {
        for (place, lists) in &order.places {
            let stays = lists.values().sum::<i64>() == 0;
            let height = height(place)?;
            for level in 1..=LEVELS {
                let mut span = (number, level, place.clone());
                if !(stays && level <= height) {
                    span.2 = boundaries.last_before(&span).to_owned();
                }
                if moved.contains_key(&span) {
                    continue;
                }
                let counts = increments.entry(span).or_default();
                for (list, by) in lists {
                    *counts.entry(list).or_default() += by;
                }
            }
        }
    }
    Ok(increments)
}

/// The stored name of a span, without its base list.
fn name_of<'a>(
    orders: &'a [OrderMoves],
    (number, level, place): &'a Mark,
) -> Result<Vec<Argument<'a>>, Error> {
    let order = orders.get(*number).ok_or(Error::RowNotFound)?;
    Ok(vec![
        (&*order.sorted.sort).into(),
        (*level).into(),
        place.as_str().into(),
    ])
}

/// Adds to the stored counts.
async fn write(
    tx: &mut Tx<'_>,
    orders: &[OrderMoves],
    changes: &BTreeMap<Mark, Counts>,
) -> Result<(), Error> {
    let (mut rows, mut shrunk) = (Vec::new(), Vec::new());
    for (mark, counts) in changes {
        for (list, by) in counts.iter().filter(|(_, by)| **by != 0) {
            let mut row = name_of(orders, mark)?;
            row.push((*list).into());
            if *by < 0 {
                shrunk.push(row.clone());
            }
            row.push((*by).into());
            rows.push(row);
        }
    }
    MARKS.put(tx, rows, Merge::Add("live")).await?;
    delete(tx, &MARKS, MARKS.key, &shrunk, " AND live = 0").await
}
