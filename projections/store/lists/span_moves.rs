//! Keeping the spans of sorted lists, for a batch of events at once.
//!
//! A row that begins no span is added to the spans around it, or taken from them. A row that begins spans splits them when
//! it comes, and joins them to those before when it goes. All that is added up in memory and written as differences, so
//! that a batch costs the same few statements whatever its size:
//!
//! 1. splits, as if the new rows were marks only: of each span that is split, the counts from the new mark on move;
//! 2. joins: the counts of the spans that end move to the span before;
//! 3. the rows themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::spans::{END, LEVELS, SPANS, START, height, ordinal};
use crate::store::{
    sql::{Argument, Error, Tx, filled, placeholders, rounded, sql},
    table::{delete, most_rows},
};

/// A row of `list_spans`: its list, level and place.
type Span = (String, i64, String);

/// What a batch changes in the lists of one order.
#[derive(Debug)]
pub(super) struct SpanMoves {
    order: &'static str,
    lists: Vec<String>,
    /// For each place: how many rows each list has more there.
    places: BTreeMap<String, BTreeMap<String, i64>>,
}

/// The marks around the places that change, as the table has them.
#[derive(Debug, Default)]
struct Marks {
    /// The last mark before a place, at each level.
    before: BTreeMap<(i64, String), String>,
    /// The first mark after a place, at each level.
    after: BTreeMap<(i64, String), String>,
    /// Marks that come and go, at each level.
    added: BTreeSet<(i64, String)>,
    removed: BTreeSet<(i64, String)>,
}

impl SpanMoves {
    pub(super) fn new(order: &'static str, lists: impl Iterator<Item = String>) -> Self {
        Self {
            order,
            lists: lists.collect(),
            places: BTreeMap::new(),
        }
    }

    /// The list has `by` more rows at the place.
    pub(super) fn count(&mut self, list: String, place: &str, by: i64) {
        let lists = self.places.entry(place.to_owned()).or_default();
        *lists.entry(list).or_default() += by;
    }

    /// Leaves out what comes to nothing.
    fn settle(&mut self) {
        self.places.retain(|_, lists| {
            lists.retain(|_, by| *by != 0);
            !lists.is_empty()
        });
    }

    /// The marks that come and go. A row that only changes its list stays where it is, and so does its mark.
    fn marks(&self) -> Result<Marks, Error> {
        let mut marks = Marks::default();
        for (place, lists) in &self.places {
            let rows: i64 = lists.values().sum();
            for level in 1..=height(ordinal(place)?) {
                match rows {
                    1 => marks.added.insert((level, place.clone())),
                    -1 => marks.removed.insert((level, place.clone())),
                    _ => false,
                };
            }
        }
        Ok(marks)
    }

    /// The differences of all spans, from the spans that splits and joins move counts of.
    fn differences(&self, marks: &Marks, known: &BTreeMap<Span, i64>) -> Result<BTreeMap<Span, i64>, Error> {
        let mut differences = BTreeMap::new();
        for (level, mark) in &marks.added {
            self.split(marks, known, &mut differences, *level, mark);
            add(&mut differences, self.order, *level, mark, 1);
        }
        for (level, mark) in &marks.removed {
            let start = marks.start(*level, mark);
            for list in &self.lists {
                let span = (list.clone(), *level, mark.clone());
                let live = effective(known, &differences, &span);
                add(&mut differences, list, *level, mark, -live);
                add(&mut differences, list, *level, &start, live);
            }
            add(&mut differences, self.order, *level, mark, -1);
        }
        for (place, lists) in &self.places {
            let stays = lists.values().sum::<i64>() >= 0;
            let height = height(ordinal(place)?);
            for (list, by) in lists {
                add(&mut differences, list, 0, place, *by);
                for level in 1..=LEVELS {
                    if stays && level <= height {
                        add(&mut differences, list, level, place, *by);
                    } else {
                        add(&mut differences, list, level, &marks.start(level, place), *by);
                    }
                }
            }
        }
        differences.retain(|_, by| *by != 0);
        Ok(differences)
    }

    /// Moves the counts from a new mark to the next one, out of the span that was there. They are the sum of the spans
    /// one level below, which were split before.
    fn split(
        &self,
        marks: &Marks,
        known: &BTreeMap<Span, i64>,
        differences: &mut BTreeMap<Span, i64>,
        level: i64,
        mark: &str,
    ) {
        let here = (level, mark.to_owned());
        let end = marks.end(&here);
        let source = marks.before.get(&here).map_or(START, String::as_str).to_owned();
        for list in &self.lists {
            let below = (list.clone(), level - 1, mark.to_owned())..(list.clone(), level - 1, end.clone());
            let stored: i64 = known.range(below.clone()).map(|(_, live)| live).sum();
            let split: i64 = differences.range(below).map(|(_, by)| by).sum();
            add(differences, list, level, &source, -stored - split);
            add(differences, list, level, mark, stored + split);
        }
    }
}

impl Marks {
    /// Where the span begins, after the batch, that a place is in which begins none itself.
    fn start(&self, level: i64, place: &str) -> String {
        let mut here = (level, place.to_owned());
        let stored = loop {
            match self.before.get(&here) {
                None => break START,
                Some(mark) => {
                    let mark = (level, mark.clone());
                    if !self.removed.contains(&mark) {
                        break self.before.get(&here).map_or(START, String::as_str);
                    }
                    here = mark;
                }
            }
        };
        let added = self
            .added
            .range((level, String::new())..(level, place.to_owned()));
        let added = added.last().map_or(START, |(_, mark)| mark.as_str());
        stored.max(added).to_owned()
    }

    /// Where the span ends that a new mark begins, while the marks that go are still there.
    fn end(&self, here: &(i64, String)) -> String {
        let stored = self.after.get(here).map_or(END, String::as_str);
        let later = (
            std::ops::Bound::Excluded(here.clone()),
            std::ops::Bound::Excluded((here.0, END.to_owned())),
        );
        let added = self
            .added
            .range(later)
            .next()
            .map_or(END, |(_, mark)| mark.as_str());
        stored.min(added).to_owned()
    }
}

fn add(differences: &mut BTreeMap<Span, i64>, list: &str, level: i64, place: &str, by: i64) {
    if by != 0 {
        *differences
            .entry((list.to_owned(), level, place.to_owned()))
            .or_default() += by;
    }
}

fn effective(known: &BTreeMap<Span, i64>, differences: &BTreeMap<Span, i64>, span: &Span) -> i64 {
    known.get(span).unwrap_or(&0) + differences.get(span).unwrap_or(&0)
}

/// Writes what a batch changes in all orders: at most five statements, three of them only where spans are split or
/// joined, or come to nothing.
pub(super) async fn write(tx: &mut Tx<'_>, mut orders: Vec<SpanMoves>) -> Result<(), Error> {
    orders.iter_mut().for_each(SpanMoves::settle);
    let mut marks = Vec::with_capacity(orders.len());
    for order in &orders {
        marks.push(order.marks()?);
    }
    marks_before(tx, &orders, &mut marks).await?;
    marks_after(tx, &orders, &mut marks).await?;
    let known = known_spans(tx, &orders, &marks).await?;
    let mut differences = BTreeMap::new();
    for (order, marks) in orders.iter().zip(&marks) {
        differences.extend(order.differences(marks, &known)?);
    }
    let rows = differences.iter().map(|((list, level, place), by)| {
        vec![
            list.as_str().into(),
            (*level).into(),
            place.as_str().into(),
            (*by).into(),
        ]
    });
    let merge = "live = list_spans.live + excluded.live";
    SPANS.upsert(tx, rows.collect(), Some(merge)).await?;
    let shrunk: Vec<Vec<Argument<'_>>> = differences
        .iter()
        .filter(|(_, by)| **by < 0)
        .map(|((list, level, place), _)| vec![list.as_str().into(), (*level).into(), place.as_str().into()])
        .collect();
    delete(tx, SPANS.name, SPANS.key, &shrunk, " AND live = 0").await
}

/// Reads the last mark of each level before every place that changes.
async fn marks_before(tx: &mut Tx<'_>, orders: &[SpanMoves], marks: &mut [Marks]) -> Result<(), Error> {
    let asked: Vec<_> = orders
        .iter()
        .zip(0..)
        .flat_map(|(order, n)| {
            order
                .places
                .keys()
                .map(move |place| (n, order.order, place.as_str()))
        })
        .collect();
    for (n, level, place, mark) in neighbours(tx, &asked, "MAX", "<").await? {
        if let Some(marks) = marks.get_mut(n) {
            marks.before.insert((level, place), mark);
        }
    }
    Ok(())
}

/// Reads the first mark of each level after every new mark.
async fn marks_after(tx: &mut Tx<'_>, orders: &[SpanMoves], marks: &mut [Marks]) -> Result<(), Error> {
    let added: Vec<BTreeSet<String>> = marks
        .iter()
        .map(|marks| marks.added.iter().map(|(_, mark)| mark.clone()).collect())
        .collect();
    let asked: Vec<_> = orders
        .iter()
        .zip(0..)
        .zip(&added)
        .flat_map(|((order, n), added)| added.iter().map(move |mark| (n, order.order, mark.as_str())))
        .collect();
    for (n, level, place, mark) in neighbours(tx, &asked, "MIN", ">").await? {
        if let Some(marks) = marks.get_mut(n) {
            marks.after.insert((level, place), mark);
        }
    }
    Ok(())
}

/// The nearest mark of each level on one side of places. The first number of a place says whose it is.
async fn neighbours(
    tx: &mut Tx<'_>,
    asked: &[(usize, &str, &str)],
    nearest: &str,
    side: &str,
) -> Result<Vec<(usize, i64, String, String)>, Error> {
    let marks = (1..=LEVELS).map(|level| {
        format!(
            "(SELECT {nearest}(s.place) FROM list_spans s WHERE s.list = v.column1 AND s.level = {level} \
             AND s.place {side} v.column2)"
        )
    });
    let marks = marks.collect::<Vec<_>>().join(", ");
    let mut found = Vec::new();
    for chunk in asked.chunks(most_rows(2)) {
        let count = rounded(chunk.len());
        let statement = sql(format!(
            "SELECT v.column1, v.column2, {marks} FROM (VALUES {}) AS v",
            placeholders(1, count, 2)
        ))
        .bind_all(filled(chunk, count).flat_map(|(_, order, place)| [*order, *place]));
        // The values come back in the order in which they were given on neither engine by promise: look them up.
        let numbers: BTreeMap<_, _> = chunk
            .iter()
            .map(|(n, order, place)| ((*order, *place), *n))
            .collect();
        for row in tx.all(statement).await? {
            let Some(n) = numbers.get(&(row.str(0)?, row.str(1)?)) else {
                continue;
            };
            for (level, column) in (1..=LEVELS).zip(2..) {
                if let Some(mark) = row.text_or_null(column)? {
                    found.push((*n, level, row.text(1)?, mark));
                }
            }
        }
    }
    Ok(found)
}

/// Reads the spans whose counts move: from each new mark to the next one, those one level below; and those that end.
async fn known_spans(
    tx: &mut Tx<'_>,
    orders: &[SpanMoves],
    marks: &[Marks],
) -> Result<BTreeMap<Span, i64>, Error> {
    let mut ranges: Vec<Vec<Argument<'_>>> = Vec::new();
    for (order, marks) in orders.iter().zip(marks) {
        for list in &order.lists {
            let mut range = |level: i64, first: &str, end: String| {
                ranges.push(vec![
                    list.as_str().into(),
                    level.into(),
                    first.to_owned().into(),
                    end.into(),
                ]);
            };
            for here in &marks.added {
                let stored = marks.after.get(here).map_or(END, String::as_str);
                range(here.0 - 1, &here.1, stored.to_owned());
            }
            for (level, mark) in &marks.removed {
                // No place begins with a whole other place and goes on with a smaller character.
                range(*level, mark, format!("{mark}\u{1}"));
            }
        }
    }
    let mut known = BTreeMap::new();
    for chunk in ranges.chunks(most_rows(4)) {
        let count = rounded(chunk.len());
        let statement = sql(format!(
            "SELECT s.list, s.level, s.place, s.live FROM (VALUES {}) AS v CROSS JOIN list_spans s \
             WHERE s.list = v.column1 AND s.level = v.column2 AND s.place >= v.column3 AND s.place < v.column4",
            placeholders(1, count, 4)
        ))
        .bind_all(filled(chunk, count).flatten().cloned());
        for row in tx.all(statement).await? {
            known.insert((row.text(0)?, row.int(1)?, row.text(2)?), row.int(3)?);
        }
    }
    Ok(known)
}
