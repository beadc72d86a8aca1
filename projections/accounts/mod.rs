//! Which users have an account on the os2iot face? Closed accounts have no row.

mod queries;
pub(crate) mod record;
mod reducer;
mod rows;

pub use queries::{
    awaiting, expired, find, find_by_email, find_by_user, find_many, groups_of, lasting_members, members,
    members_of, of_users, page, requests_of,
};
pub(crate) use reducer::Accounts;
pub use rows::{AccountRow, AccountSort};
