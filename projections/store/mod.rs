//! The base of all read models: one SQL text for two engines, rows that are declared once, batches that are folded in
//! memory, lists that know their pages, and rebuilding.
//!
//! A batch of events is folded in memory, event by event, into the rows that it touches. Then one statement for each
//! table writes the changed rows, and one more deletes rows. So the number of statements depends on the tables that the
//! batch touches, not on the number of its events. The result is the same however the events are split into batches, so
//! a rebuild can be compared with the live tables.
//!
//! This module names no read model and no table of one.

mod changes;
mod column;
mod lists;
mod one_statement;
mod pending;
pub mod rebuild;
mod record;
mod registry;
pub mod sql;
mod table;
mod versions;
mod writes;

pub use changes::{Changes, Needs, RecordType};
pub use column::{Column, Personal, Sorted};
pub(crate) use column::{columns, id_columns};
pub use lists::{Key, List, ListsOf, MarkMoves, Order, Sort, page, page_of, total, total_of};
pub use record::{Find, PersonalRows, Record, Set};
pub(crate) use record::{each, load};
pub use registry::{Fold, FoldOf, Model, ReadModel, Registry};
pub use table::{Kind, Table};
pub(crate) use table::{select, select_in, unreadable};
pub use versions::OtherVersion;
pub use writes::{Merge, Writes};
