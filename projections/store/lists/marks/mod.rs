//! The counts for all other orders: marks in a sorted list.
//!
//! In a list sorted by name, new rows appear anywhere, and a rename moves a row. So the list of all rows of a table,
//! sorted by a key and then by the ordinal, is divided into spans:
//!
//! * A row is a *mark* of level `n` if the hash of its ordinal ends with `5 * n` zero bits. A span of level `n` begins
//!   at a mark and ends before the next mark of that level. It has some 32 rows at level 1, and some 32 spans of the
//!   level below at the other levels. The first span of a level begins at the start of the list and has no mark.
//! * The table `list_marks` counts the rows of each span, separately for each base list. All base lists of an order
//!   share the marks, so the counts of a filter are sums at the same marks.
//! * A page is found by descending from the top level, and then read by the index of the order.
//!
//! Only the rows decide where spans begin, so the table is the same however the events were split into batches. The
//! keys do not matter for this: users choose names, but the ledger gives the ordinals.
//!
//! Keeping the counts costs the same few statements for a batch of any size ([`moves`]). Rows are counted again only
//! where a span begins or ends ([`recount`]); one row in 32 causes this.

mod boundaries;
mod locate;
mod moves;
mod place;
mod recount;

pub(super) use locate::{locate, rows_statement};
pub use moves::MarkMoves;
pub(super) use place::place;

use std::borrow::Cow;

use super::OfValue;
use crate::store::table::{Kind, Table};

/// The levels of spans. A span of the top level has some million rows.
const LEVELS: i64 = 4;

/// The table of the spans.
pub(crate) const MARKS: Table = Table {
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

/// A table that is sorted by a column and then by `ordinal`.
#[derive(Clone, Debug)]
pub(in crate::store) struct SortedTable {
    /// The stored name of the order; for the rows with one value of a column, it contains the value.
    pub(super) sort: Cow<'static, str>,
    /// The stored name of the order, without a value.
    pub(super) order: &'static str,
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    /// The kind of the column: [`Kind::Text`] or [`Kind::Int`].
    pub(super) kind: Kind,
    /// The base lists: their stored names, and their conditions in SQL.
    pub(super) lists: Vec<(&'static str, &'static str)>,
    /// The value whose rows these are. `None`: the rows of all values.
    pub(super) of: Option<OfValue>,
}
