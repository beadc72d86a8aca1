//! What every read model stands on: one SQL text on two engines, rows declared once, batches folded in memory, lists
//! that know their pages, and rebuilding.
//!
//! A batch of events is folded in memory, event by event, over the rows it touches; then each table is written with one
//! statement for the rows there are and one for those that are gone. So how many statements a batch costs depends
//! on which tables it touches, not on how many events it has; and the outcome is the same whatever the
//! boundaries between batches, so that a rebuild can be compared with the live tables.
//!
//! Nothing here names a read model or a table of one.

mod changes;
mod column;
mod lists;
mod pending;
pub mod rebuild;
mod record;
mod registry;
pub mod sql;
mod table;
mod versions;

pub use changes::{Changes, Needs, RecordType};
pub use column::{Column, Personal, Sorted};
pub use lists::{Key, List, Order, Sort, page, total};
pub use record::{PersonalRows, Record, Set};
pub(crate) use record::{each, load};
pub use registry::{Fold, Model, ReadModel, Registry};
pub use table::{Kind, Table};
pub(crate) use table::{select_in, unreadable};
pub use versions::OtherVersion;
