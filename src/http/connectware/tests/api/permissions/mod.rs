//! `/api/permissions`

mod delete;
mod ids;
mod page;
mod shares;
