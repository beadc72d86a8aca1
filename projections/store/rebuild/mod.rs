//! Making the read models again from the ledger, beside the live ones, and comparing the two.
//!
//! The caller:
//!
//! 1. makes a [`Shadow`]: the same tables, empty, in a place of their own (on Postgres a schema of the live
//!    database, on SQLite a file of its own);
//! 2. replays the ledger's events in batches through [`Registry::apply`] on [`Shadow::db`], while the
//!    live server goes on;
//! 3. in a transaction of [`Db::begin`] on the live database that holds the head's lock, so that nothing is
//!    appended meanwhile, replays what is left, asks [`Shadow::differing`] and, for the tables it names, [`Shadow::swap`],
//!    which also stores the versions of the read models; commits;
//! 4. calls [`Shadow::drop`].
//!
//! A swap copies rows instead of renaming tables: readers see the old rows until the commit, and the analysts' views, the
//! grants on them and the names of the indexes stay. Tables that are the same are not touched.
//!
//! [`Registry::apply`]: super::Registry::apply
//! [`Db::begin`]: super::sql::Db::begin

mod copy;
mod digest;
mod shadow;

pub use digest::digest;
pub use shadow::Shadow;
