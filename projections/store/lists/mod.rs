//! Lists that know how many rows they have and which is their k-th, at the same cost wherever it is.
//!
//! The published APIs number their pages and report totals. Counting a table for each page, or skipping to a deep
//! page row by row, would cost more the more rows there are. So the counts are kept, in the transaction that writes the
//! rows: in the order of creation by the table `list_nodes` ([`nodes`]), in any other order by the table `list_spans`
//! ([`spans`]). Both are functions of the rows that there are, whatever the batches were that made them, so that a
//! rebuild can be compared with the live tables.
//!
//! A record declares base lists; every row is in at most one. A filter is a set of base lists, and the counts of a
//! set are sums.

mod nodes;
mod page;
mod span_moves;
mod spans;

use std::{borrow::Cow, collections::BTreeMap};

pub(crate) use nodes::NODES;
pub use page::{Sort, page, total};
pub(crate) use spans::SPANS;

use super::{
    record::Record,
    sql::{Error, Tx},
    table::unreadable,
};
use nodes::NodeMoves;
use span_moves::SpanMoves;

/// A base list.
#[derive(Debug)]
pub struct List<R> {
    /// As stored.
    pub name: &'static str,
    /// Which rows of the table are in it, in SQL: empty, or ending with `AND`.
    pub condition: &'static str,
    /// Whether the row is in it.
    pub holds: fn(&R) -> bool,
}

/// What lists are sorted by, besides the creation. Rows with the same key follow each other in the order of creation.
#[derive(Debug)]
pub struct Order<R> {
    /// As stored.
    pub name: &'static str,
    /// The key, as a text that compares byte by byte. Postgres indexes no text longer than some 2,600 bytes.
    pub key: fn(&R) -> Cow<'_, str>,
}

impl<R> Order<R> {
    /// A list's stored name where it is sorted by this.
    fn of(&self, list: &str) -> String {
        format!("{}: {list}", self.name)
    }
}

/// What the lists count of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    list: &'static str,
    ordinal: i64,
    /// Where the row is in each order of its record.
    places: Vec<String>,
}

impl Entry {
    /// The entry of a row; `None` if no list counts the row.
    pub(crate) fn of<R: Record>(row: &R) -> Result<Option<Self>, Error> {
        let Some(list) = R::LISTS.iter().find(|list| (list.holds)(row)) else {
            return Ok(None);
        };
        let ordinal = row
            .ordinal()
            .ok_or_else(|| unreadable("a list counts rows that have no ordinal"))?;
        let place = |order: &Order<R>| spans::place(&(order.key)(row), ordinal);
        Ok(Some(Self {
            list: list.name,
            ordinal,
            places: R::ORDERS.iter().map(place).collect(),
        }))
    }
}

/// What a batch of events adds to lists and takes from them.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    nodes: NodeMoves,
    orders: BTreeMap<&'static str, SpanMoves>,
}

impl Moves {
    /// A row was counted as `before`, and is counted as `now` from now on.
    pub(crate) fn replace<R: Record>(&mut self, before: Option<&Entry>, now: Option<&Entry>) {
        if before == now {
            return;
        }
        for (entry, by) in [(before, -1), (now, 1)] {
            let Some(entry) = entry else { continue };
            self.nodes.count(entry.list, entry.ordinal, by);
            for (order, place) in R::ORDERS.iter().zip(&entry.places) {
                let moves = self.orders.entry(order.name).or_insert_with(|| {
                    SpanMoves::new(order.name, R::LISTS.iter().map(|list| order.of(list.name)))
                });
                moves.count(order.of(entry.list), place, by);
            }
        }
    }

    /// Writes the counts.
    pub(crate) async fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        self.nodes.write(tx).await?;
        span_moves::write(tx, self.orders.into_values().collect()).await
    }
}
