//! Which user groups are there, and which applications are attached to them? A group is a role, too: the events of a role whose id is a
//! group's are folded here, and not in the role directory.

mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub use queries::{applications_of, find, find_many, of_account, of_applications, page, page_without};
pub(crate) use reducer::Groups;
pub use rows::{GroupRow, GroupSort};
