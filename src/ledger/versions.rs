//! Checks whether this program still fits the read models: a newer program may rebuild them while this one runs.
//!
//! A rebuild holds the head's lock and increases the head's time. So the appender reads the versions only when another process
//! has moved the head. A node that only reads the ledger checks the versions from time to time.

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
pub(super) async fn check(db: &mut dyn Read) -> Result<(), LedgerError> {
    let others = READ_MODELS.other_versions(db).await?;
    if others.is_empty() {
        Ok(())
    } else {
        Err(LedgerError::OtherVersions(OtherVersions(others)))
    }
}

/// Makes the same check when a node starts, after it read the head. A ledger without events needs no rebuild, so this
/// function stores the versions of this program there. Returns the head after that.
pub(super) async fn establish(db: &Db, known: Head) -> Result<Head, LedgerError> {
    let error = match check(&mut &*db).await {
        Err(error @ LedgerError::OtherVersions(_)) => error,
        checked => return checked.map(|()| known),
    };
    let mut tx = db.begin().await?;
    let head = Head::lock(&mut tx).await?;
    if head.position > 0 {
        return Err(error);
    }
    READ_MODELS.store_versions(&mut tx).await?;
    let head = head.touch(&mut tx).await?;
    tx.commit().await?;
    Ok(head)
}
