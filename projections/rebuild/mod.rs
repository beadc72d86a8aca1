//! Making the read models anew from the ledger, beside the live ones, and comparing the two.
//!
//! The caller:
//!
//! 1. makes a [`Shadow`]: the same tables, empty, in a place of their own (on Postgres a schema of the live
//!    database, on SQLite a file of its own);
//! 2. replays the ledger's events in batches through [`crate::read_models::apply`] on [`Shadow::db`], while the
//!    live server goes on;
//! 3. in a transaction of [`crate::sql::Db::begin`] on the live database that holds the head's lock, so that nothing is
//!    appended meanwhile, replays what is left, asks [`Shadow::differing`] and, for the tables it names, [`Shadow::swap`]; commits;
//! 4. calls [`Shadow::drop`].
//!
//! A swap copies rows instead of renaming tables: whoever reads goes on reading the old rows until the commit,
//! and the analysts' views, the grants on them and the names of the indexes stay. Tables that are the same are not
//! touched, so that a rebuild of healthy read models writes nothing.

mod copy;
mod digest;
mod shadow;

pub use digest::digest;
pub use shadow::Shadow;

use crate::{
    counted_lists::NODES,
    permission_usage::record::{PermissionRecord, ResourceRecord},
    role_directory::record::{HolderRecord, RoleRecord},
    sessions::record::SessionRecord,
    tables::{Record, Table},
    user_directory::record::{CertificateRecord, UserRecord},
};

/// Every table of the read models.
pub const TABLES: &[Table] = &[
    UserRecord::TABLE,
    HolderRecord::TABLE,
    CertificateRecord::TABLE,
    RoleRecord::TABLE,
    PermissionRecord::TABLE,
    ResourceRecord::TABLE,
    SessionRecord::TABLE,
    NODES,
];
