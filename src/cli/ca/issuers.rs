//! `muniment ca show`, `import` and `rollover`

use std::{fs, path::Path};

use aggregates::{authority::IssuerKind, values::Timestamp};
use server::issuing::Issuing;

use crate::cli::{CliError, say};

/// Prints a line for each issuer.
pub(super) async fn show(issuing: &Issuing, url: Option<&str>) -> Result<(), CliError> {
    let issuers = issuing.issuers(url).await?;
    let current = issuers.current()?.key_id.clone();
    for ours in issuers.all() {
        let kind = match ours.kind {
            IssuerKind::Root => "root",
            IssuerKind::Issuing if ours.key_id == current => "issuing, current",
            IssuerKind::Issuing => "issuing, earlier",
        };
        let end = i64::try_from(ours.issuer.not_after()).unwrap_or(i64::MAX);
        let end = Timestamp::from_micros(end.saturating_mul(1_000_000));
        say(&format!("{}  expires {end}  {kind}", ours.key_id));
    }
    Ok(())
}

/// Takes the issuer that the operator brings.
pub(super) async fn import(
    issuing: &Issuing,
    url: Option<&str>,
    certificates: &Path,
    key: &Path,
) -> Result<(), CliError> {
    let key = zeroize::Zeroizing::new(read(key)?);
    let key_id = issuing.import(&read(certificates)?, &key, url).await?;
    say(&format!("issuer {key_id} signs certificates from now on"));
    Ok(())
}

/// Makes a new issuer.
pub(super) async fn roll_over(
    issuing: &Issuing,
    url: Option<&str>,
    leaves_imported: bool,
) -> Result<(), CliError> {
    let key_id = issuing.roll_over(url, leaves_imported).await?;
    say(&format!("issuer {key_id} signs certificates from now on"));
    Ok(())
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(|error| CliError::Other(format!("{}: {error}", path.display())))
}
