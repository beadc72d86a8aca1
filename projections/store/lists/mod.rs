//! Lists that know how many rows they have and which row is number k, at the same cost for each k.
//!
//! The published APIs number their pages and report totals. Counting a table for each page, or skipping row by row to a
//! late page, would cost more with every row. So the transaction that writes the rows also keeps the counts: for the
//! order of creation in the table `list_nodes` ([`nodes`]), for any other order in the table `list_marks` ([`marks`]).
//! Both depend only on the present rows, not on the batches that made them, so a rebuild can be compared with the live
//! tables.
//!
//! A record declares base lists; every row is in at most one of them. A filter is a set of base lists, so its counts
//! are sums. A record may also declare lists of the values of a column ([`ListsOf`]): each row is in the list of its value. Such a
//! list has counts of its own, so its pages cost the same whatever the other values are.

mod marks;
mod nodes;
mod page;

use std::borrow::Cow;

pub(crate) use marks::MARKS;
pub use marks::MarkMoves;
pub(crate) use nodes::NODES;
pub use page::{Sort, page, page_of, total, total_of};

use super::{
    record::{Record, is_listed},
    sql::{Argument, Error},
    table::{Kind, unreadable},
    writes::Writes,
};
use marks::SortedTable;
use nodes::NodeMoves;

/// A base list.
#[derive(Debug)]
pub struct List<R> {
    /// The stored name.
    pub name: &'static str,
    /// The SQL condition for the rows in the list: empty, or ending with `AND`.
    pub condition: &'static str,
    /// Whether a row is in the list.
    pub holds: fn(&R) -> bool,
}

/// Lists by a column: one for each of its values.
#[derive(Debug)]
pub struct ListsOf<R> {
    /// The stored name, without the value.
    pub name: &'static str,
    /// The column.
    pub column: &'static str,
    /// The value of a row.
    pub value: fn(&R) -> Key<'_>,
}

/// The list of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfValue {
    column: &'static str,
    value: Value,
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Int(i64),
}

impl OfValue {
    /// The value, as an argument of a statement.
    fn argument(&self) -> Argument<'static> {
        match &self.value {
            Value::Text(text) => text.clone().into(),
            Value::Int(number) => (*number).into(),
        }
    }

    /// The name of a list or of an order, for this value alone.
    fn named(&self, name: &str) -> String {
        match &self.value {
            Value::Text(text) => format!("{name} {text}"),
            Value::Int(number) => format!("{name} {number}"),
        }
    }
}

impl<R> ListsOf<R> {
    fn of(&self, value: Key<'_>) -> OfValue {
        OfValue {
            column: self.column,
            value: match value {
                Key::Text(text) => Value::Text(text.to_owned()),
                Key::Int(number) => Value::Int(number),
            },
        }
    }
}

/// An order of lists besides the order of creation. Rows with the same key are in the order of creation.
///
/// Texts compare by code points: on Postgres the column must be declared `COLLATE "C"`. Postgres cannot index texts
/// longer than some 2,600 bytes. To ignore upper and lower case, sort by a column that contains the text in lower case.
#[derive(Debug)]
pub struct Order<R> {
    /// The stored name.
    pub name: &'static str,
    /// The column of the keys.
    pub column: &'static str,
    /// The key of a row.
    pub key: fn(&R) -> Key<'_>,
}

/// The key by which a row is sorted.
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
        let lists = lists.iter().map(|list| (list.name, list.condition)).collect();
        self.sorted(self.name.into(), lists, None)
    }

    /// The rows with one value of a column in this order.
    fn of_value(&self, list: &'static str, of: &OfValue) -> SortedTable {
        self.sorted(self.name_of_value(of), vec![(list, "")], Some(of.clone()))
    }

    fn name_of_value(&self, of: &OfValue) -> Cow<'static, str> {
        of.named(&format!("{} of {}", self.name, of.column)).into()
    }

    fn sorted(
        &self,
        sort: Cow<'static, str>,
        lists: Vec<(&'static str, &'static str)>,
        of: Option<OfValue>,
    ) -> SortedTable {
        let is_text = |(name, kind): &(&str, Kind)| *name == self.column && *kind == Kind::Text;
        SortedTable {
            sort,
            order: self.name,
            table: R::TABLE.name,
            column: self.column,
            kind: if R::TABLE.columns.iter().any(is_text) {
                Kind::Text
            } else {
                Kind::Int
            },
            lists,
            of,
        }
    }
}

/// What the lists count for one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The lists that have the row: the base list, and one list for each column with lists of its values.
    lists: Vec<(&'static str, Option<OfValue>)>,
    ordinal: i64,
    /// The place of the row in each order of its record.
    places: Vec<String>,
}

impl Entry {
    /// The entry of a row; `None` if no list counts the row.
    pub(crate) fn of<R: Record>(row: &R) -> Result<Option<Self>, Error> {
        if !is_listed::<R>() {
            return Ok(None);
        }
        let base = R::LISTS.iter().find(|list| (list.holds)(row));
        let base = base.map(|list| (list.name, None));
        let of_values = R::LISTS_OF.iter();
        let of_values = of_values.map(|lists| (lists.name, Some(lists.of((lists.value)(row)))));
        let lists: Vec<_> = base.into_iter().chain(of_values).collect();
        if lists.is_empty() {
            return Ok(None);
        }
        let ordinal = row
            .ordinal()
            .ok_or_else(|| unreadable("a list counts rows that have no ordinal"))?;
        let place = |order: &Order<R>| marks::place((order.key)(row), ordinal);
        Ok(Some(Self {
            lists,
            ordinal,
            places: R::ORDERS.iter().map(place).collect(),
        }))
    }
}

/// The changes of lists by a batch of events.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    nodes: NodeMoves,
    marks: MarkMoves,
}

impl Moves {
    /// Counts a row as `now` instead of `before`.
    pub(crate) fn replace<R: Record>(&mut self, before: Option<&Entry>, now: Option<&Entry>) {
        if before == now {
            return;
        }
        for (entry, by) in [(before, -1), (now, 1)] {
            let Some(entry) = entry else { continue };
            for (list, of) in &entry.lists {
                let name = match of {
                    Some(of) => of.named(list).into(),
                    None => Cow::Borrowed(*list),
                };
                self.nodes.count(name, entry.ordinal, by);
                for (order, place) in R::ORDERS.iter().zip(&entry.places) {
                    match of {
                        Some(of) => {
                            let sorted = || order.of_value(list, of);
                            self.marks.count(order.name_of_value(of), sorted, list, place, by);
                        }
                        None => {
                            let sorted = || order.of(R::LISTS);
                            self.marks.count(order.name.into(), sorted, list, place, by);
                        }
                    }
                }
            }
        }
    }

    /// Adds the rows of the counts that follow from the moves alone. Returns the others: they must be counted after all rows
    /// are written. See [`MarkMoves::write`].
    pub(crate) fn write(self, writes: &mut Writes<'_>) -> MarkMoves {
        self.nodes.write(writes);
        self.marks
    }
}
