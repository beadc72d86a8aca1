//! Rebuilds the read models from the ledger, beside the live ones, and compares the two.
//!
//! The caller:
//!
//! 1. creates a [`Shadow`]: the same tables, empty, in a separate place (on Postgres a schema of the live database, on
//!    SQLite a separate file);
//! 2. replays the ledger's events in batches through [`Registry::apply`] on [`Shadow::db`], while the live server
//!    continues;
//! 3. begins a transaction of [`Db::begin`] on the live database and locks the head, so that nobody appends meanwhile;
//!    replays the remaining events; asks [`Shadow::differing`] and calls [`Shadow::swap`] for the tables in its answer,
//!    which also stores the versions of the read models; commits;
//! 4. calls [`Shadow::drop`].
//!
//! A swap copies rows instead of renaming tables. So readers see the old rows until the commit, and the analysts'
//! views, the grants on these views and the names of the indexes stay. Tables that do not differ are not touched.
//!
//! [`Registry::apply`]: super::Registry::apply
//! [`Db::begin`]: super::sql::Db::begin

mod copy;
mod digest;
mod shadow;

pub use digest::digest;
pub use shadow::Shadow;
