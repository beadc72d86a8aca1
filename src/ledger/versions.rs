//! Whether this program still fits the read models: a newer one may rebuild them while this one runs.
//!
//! A rebuild holds the head's lock and increases the head's time. So an append reads the versions only if another process
//! has changed the head. A node that only reads the ledger checks the versions once a second.

use std::fmt;

use projections::{
    read_models::READ_MODELS,
    sql::{Db, Read},
    store::OtherVersion,
};

use super::{Head, LedgerError};

/// The read models whose tables another version of the program wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherVersions(Vec<OtherVersion>);

impl fmt::Display for OtherVersions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, other) in self.0.iter().enumerate() {
            let before = if number == 0 { "" } else { "; " };
            write!(f, "{before}{other}")?;
        }
        f.write_str(": stop all servers and run `muniment rebuild` with the newest program")
    }
}

/// Refuses read models that another version of the program wrote.
pub(super) async fn check(db: &mut impl Read) -> Result<(), LedgerError> {
    let others = READ_MODELS.other_versions(db).await?;
    if others.is_empty() {
        Ok(())
    } else {
        Err(LedgerError::OtherVersions(OtherVersions(others)))
    }
}

/// Does the same when a node starts. A ledger without events has nothing to rebuild, so this function stores the versions
/// of this program.
pub(super) async fn establish(db: &Db) -> Result<(), LedgerError> {
    let error = match check(&mut &*db).await {
        Err(error @ LedgerError::OtherVersions(_)) => error,
        checked => return checked,
    };
    let mut tx = db.begin().await?;
    let head = Head::lock(&mut tx).await?;
    if head.position > 0 {
        return Err(error);
    }
    READ_MODELS.store_versions(&mut tx).await?;
    head.touch(&mut tx).await?;
    Ok(tx.commit().await?)
}
