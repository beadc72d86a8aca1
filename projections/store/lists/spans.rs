//! The counts in any other order: spans of a sorted list.
//!
//! A row's *place* is its key with its ordinal, as one text. The list of all places is cut into spans, and each span
//! counts its rows, apart for each base list. A span of level 1 has some 64 rows, one of level 2 some 64 spans of level
//! 1, and so on; at level 0 each row is a span of its own. The k-th row is found by descending from the top.
//!
//! Where the spans begin follows from the rows alone: a row begins a span of level `n` if the hash of its ordinal ends
//! with `6 * n` zero bits, whatever its key. So the table is the same however the rows came to be, and nobody who
//! chooses names can make a span long: the ledger draws the ordinals.
//!
//! All base lists of an order share the places at which spans begin. Each such place has a *mark*: a row of the list that
//! is called as the order. The first span of a level begins at the empty text and has no mark. A span that counts no
//! row of a base list is not there for that list.

use crate::store::{
    sql::{Argument, Error, Statement, Tx, sql},
    table::{Kind, Table, numbered, unreadable},
};

/// The levels of spans above the rows: a span of the top level has some 16 million rows.
pub(super) const LEVELS: i64 = 4;
/// How many zero bits of a hash a level takes.
const BITS: u32 = 6;

/// The table of the spans.
pub(crate) const SPANS: Table = Table {
    name: "list_spans",
    columns: &[
        ("list", Kind::Text),
        ("level", Kind::Int),
        ("place", Kind::Text),
        ("live", Kind::Int),
    ],
    key: &["list", "level", "place"],
};

/// Comes before every place.
pub(super) const START: &str = "";
/// Comes after every place.
pub(super) const END: &str = ">";

/// The place of a row. Between key and ordinal stands a character that is smaller than any other of a key.
pub(super) fn place(key: &str, ordinal: i64) -> String {
    format!("={key}\u{1}{ordinal:016x}")
}

/// The ordinal of the row at a place.
pub(super) fn ordinal(place: &str) -> Result<i64, Error> {
    let digits = place.rsplit_once('\u{1}').map(|(_, digits)| digits);
    digits
        .and_then(|digits| i64::from_str_radix(digits, 16).ok())
        .ok_or_else(|| unreadable("a place does not end with an ordinal"))
}

/// The highest level whose span the row of this ordinal begins.
pub(super) fn height(ordinal: i64) -> i64 {
    // The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    let mut hash = ordinal.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    i64::from(hash.trailing_zeros() / BITS).min(LEVELS)
}

/// A place in a list: rows from the place `first` on, of which the first `skipped` come before it.
pub(super) struct Spot {
    pub(super) first: String,
    pub(super) skipped: i64,
}

/// How many rows the lists have together, and the spot of the row whose number, from 0, `wanted` gives for that total.
/// No spot if there is no such row.
pub(super) async fn locate(
    tx: &mut Tx<'_>,
    lists: &[String],
    wanted: impl FnOnce(i64) -> Option<i64>,
) -> Result<(i64, Option<Spot>), Error> {
    let mut spans = children(tx, lists, LEVELS, START, END).await?;
    let total = spans.iter().map(|(_, live)| live).sum();
    let Some(mut skipped) = wanted(total).filter(|wanted| *wanted < total) else {
        return Ok((total, None));
    };
    let (mut level, mut end) = (LEVELS, END.to_owned());
    loop {
        let mut found = None;
        let mut spans_left = spans.into_iter();
        for (first, live) in spans_left.by_ref() {
            if skipped < live {
                found = Some(first);
                break;
            }
            skipped -= live;
        }
        let first = found
            .ok_or_else(|| unreadable("list_spans does not add up: `muniment rebuild` makes it again"))?;
        level -= 1;
        if level == 0 {
            return Ok((total, Some(Spot { first, skipped })));
        }
        if let Some((next, _)) = spans_left.next() {
            end = next;
        }
        spans = children(tx, lists, level, &first, &end).await?;
    }
}

async fn children(
    tx: &mut Tx<'_>,
    lists: &[String],
    level: i64,
    first: &str,
    end: &str,
) -> Result<Vec<(String, i64)>, Error> {
    let names = numbered(4, lists.len());
    let statement: Statement<'_> = sql(format!(
        "SELECT place, CAST(SUM(live) AS BIGINT) FROM list_spans \
         WHERE list IN ({names}) AND level = $1 AND place >= $2 AND place < $3 GROUP BY place ORDER BY place"
    ))
    .bind(level)
    .bind(first)
    .bind(end)
    .bind_all(lists.iter().map(String::as_str));
    let rows = tx.all(statement).await?;
    rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect()
}

/// The ordinals of `limit` rows from a spot on. Each list is read by itself, so that the rows of a sparse list are
/// not looked for among those of a dense one.
pub(super) async fn ordinals(
    tx: &mut Tx<'_>,
    lists: &[String],
    spot: &Spot,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let parts: Vec<_> = (0..lists.len())
        .map(|n| {
            format!(
                "SELECT place FROM (SELECT place FROM list_spans WHERE list = ${} AND level = 0 AND place >= $1 \
                 ORDER BY place LIMIT $2) AS list{n}",
                n + 5
            )
        })
        .collect();
    let text = format!("{} ORDER BY place LIMIT $3 OFFSET $4", parts.join(" UNION ALL "));
    let arguments: [Argument<'_>; 4] = [
        spot.first.as_str().into(),
        (spot.skipped + limit).into(),
        limit.into(),
        spot.skipped.into(),
    ];
    let statement = sql(text)
        .bind_all(arguments)
        .bind_all(lists.iter().map(String::as_str));
    let rows = tx.all(statement).await?;
    rows.iter().map(|row| ordinal(row.str(0)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_compare_by_key_and_then_by_ordinal() {
        let places = [
            START.to_owned(),
            place("", 7),
            place("ada", 1),
            place("ada", 300),
            place("ada ", 2),
            place("adam", 1),
            place("\u{10ffff}", 1),
            END.to_owned(),
        ];
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        assert_eq!(ordinal(&place("a\u{1}b", 300)).ok(), Some(300));
        assert!(ordinal("ada").is_err());
    }

    #[test]
    fn every_64th_row_begins_a_span() {
        let heights: Vec<_> = (1..=1_000_000).map(height).collect();
        for (level, expected) in [(1, 15_625), (2, 244), (3, 4)] {
            let begun = heights.iter().filter(|height| **height >= level).count();
            assert!(
                begun.abs_diff(expected) * 20 < expected * 10 + 60,
                "{level}: {begun}"
            );
        }
        let mut longest = 0;
        let mut length = 0;
        for height in heights {
            length = if height > 0 { 0 } else { length + 1 };
            longest = longest.max(length);
        }
        assert!(longest < 1_000, "{longest}");
    }
}
