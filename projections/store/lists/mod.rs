//! Lists that know how many rows they have and which is their k-th, at the same cost wherever it is.
//!
//! The published APIs number their pages and report totals. Counting a table for each page, or skipping to a deep
//! page row by row, would cost more the more rows there are. So the counts are kept, in the transaction that writes the
//! rows: in the order of creation by the table `list_nodes` ([`nodes`]), in any other order by the table `list_marks`
//! ([`marks`]). Both are functions of the rows that there are, whatever the batches were that made them, so that a
//! rebuild can be compared with the live tables.
//!
//! A record declares base lists; every row is in at most one. A filter is a set of base lists, and the counts of a
//! set are sums.

mod marks;
mod nodes;
mod page;

pub(crate) use marks::MARKS;
pub(crate) use nodes::NODES;
pub use page::{Sort, page, total};

use super::{
    record::Record,
    sql::{Error, Tx},
    table::{Kind, unreadable},
};
use marks::{MarkMoves, SortedTable};
use nodes::NodeMoves;

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
///
/// Texts compare by code points: on Postgres the column is declared `COLLATE "C"`. Postgres indexes no text longer than some
/// 2,600 bytes. To ignore the case of letters, sort by a column that keeps the text in lower case.
#[derive(Debug)]
pub struct Order<R> {
    /// As stored.
    pub name: &'static str,
    /// The column of the keys.
    pub column: &'static str,
    /// A row's key.
    pub key: fn(&R) -> Key<'_>,
}

/// What a row is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'a> {
    /// A value of a column of [`Kind::Text`].
    Text(&'a str),
    /// A value of a column of [`Kind::Int`].
    Int(i64),
}

impl<R: Record> Order<R> {
    /// The record's table in this order, with these base lists.
    fn of(&self, lists: &[List<R>]) -> SortedTable {
        let is_text = |(name, kind): &(&str, Kind)| *name == self.column && *kind == Kind::Text;
        SortedTable {
            sort: self.name,
            table: R::TABLE.name,
            column: self.column,
            kind: if R::TABLE.columns.iter().any(is_text) {
                Kind::Text
            } else {
                Kind::Int
            },
            lists: lists.iter().map(|list| (list.name, list.condition)).collect(),
        }
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
        let place = |order: &Order<R>| marks::place((order.key)(row), ordinal);
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
    marks: MarkMoves,
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
                let sorted = || order.of(R::LISTS);
                self.marks.count(order.name, sorted, entry.list, place, by);
            }
        }
    }

    /// Writes the counts. The rows must be written before.
    pub(crate) async fn write(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        self.nodes.write(tx).await?;
        self.marks.write(tx).await
    }
}
