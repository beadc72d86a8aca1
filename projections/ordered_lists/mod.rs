//! Lists sorted by a name or a date, in which every page costs what the first one costs.
//!
//! [`crate::counted_lists`] counts rows in the order of their creation, where new rows come last. In any other order a
//! new row comes anywhere, and a rename moves it. So the list of all rows of a table, sorted by a key and then by the
//! ordinal, is cut into spans:
//!
//! * A row is a *mark* of level `n` if the hash of its ordinal ends with `5 * n` zero bits. A span of level `n` begins
//!   at a mark and ends before the next mark of that level. It has some 32 rows at level 1, and some 32 spans of the
//!   level below at the other levels. The first span of a level begins at the start of the list and has no mark.
//! * The table `list_marks` counts the rows of each span, separately for each base list. All base lists of an order
//!   share the marks, so the counts of a filter, which is a set of base lists, are sums at the same marks.
//! * A page is found by descending from the top level, and then read by the index of the order.
//!
//! Where the spans begin follows from the rows alone, so the table is the same whatever the batches were, and a
//! rebuild can be compared with it. The keys have no part in it: users choose names, but the ledger gives the ordinals.
//!
//! A row that begins no span costs one look-up and one write, however many levels there are. Only where a span begins or
//! ends (one row in 32) rows are counted again: see [`moves`].

mod boundaries;
mod moves;
mod page;
mod place;
mod recount;

pub use moves::Moves;
pub use page::{Direction, page, total};
pub use place::Key;

use crate::tables::{Kind, Table};

/// What a list can be sorted by. Rows with the same key follow each other in the order of their creation.
///
/// The table has a column `ordinal`, which differs from row to row. For each base list it has an index: first the columns
/// that the base list's condition names, then [`Order::column`], then `ordinal`.
#[derive(Debug)]
pub struct Order {
    /// As stored. No two orders have the same name.
    pub name: &'static str,
    /// The table.
    pub table: Table,
    /// The column of the keys: [`Kind::Text`] or [`Kind::Int`]. Texts compare by code points (`COLLATE "C"` on Postgres),
    /// and Postgres indexes no text of more than some 2,600 bytes. To ignore the case, declare a column of lower case.
    pub column: &'static str,
    /// Every row of the table is in at most one of these.
    pub lists: &'static [BaseList],
}

/// A part of a table's rows. A filter shows some of them together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaseList {
    /// As stored. No two base lists of a table have the same name.
    pub name: &'static str,
    /// Which rows are in it, in SQL: empty, or ending with `AND`.
    pub condition: &'static str,
}

/// The table of the spans.
pub const MARKS: Table = Table {
    name: "list_marks",
    columns: &[
        ("sort", Kind::Text),
        ("level", Kind::Int),
        ("place", Kind::Text),
        ("list", Kind::Text),
        ("live", Kind::Int),
    ],
    key: &["sort", "level", "place", "list"],
};

/// The levels of spans. A span of the top level has some million rows.
const LEVELS: i64 = 4;
