//! `muniment ca show`, `import`, `use` and `rollover`

use std::{fs, path::Path, sync::Arc};

use aggregates::{
    authority::IssuerKind,
    values::{KeyId, Timestamp},
};
use server::issuing::{Issuing, OurIssuer};

use crate::cli::{CliError, say};

/// Prints a line for each issuer.
pub(super) async fn show(issuing: &Issuing, url: Option<&str>) -> Result<(), CliError> {
    let issuers = issuing.issuers(url).await?;
    let (current, root) = (issuers.current()?, issuers.root()?);
    for ours in issuers.all() {
        let is = |other: &Arc<OurIssuer>| Arc::ptr_eq(ours, other);
        let kind = match ours.kind {
            IssuerKind::Root if is(root) => "root, current",
            IssuerKind::Root => "root, earlier",
            IssuerKind::Issuing if is(current) => "issuing, current",
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

/// Lets an earlier issuer sign again.
pub(super) async fn use_again(issuing: &Issuing, key_id: &str) -> Result<(), CliError> {
    let key_id = KeyId::parse(key_id).map_err(|error| CliError::Other(error.to_string()))?;
    let key_id = issuing.use_again(&key_id).await?;
    say(&format!("issuer {key_id} signs certificates from now on"));
    Ok(())
}

/// Makes a new root.
pub(super) async fn add_root(issuing: &Issuing, url: Option<&str>) -> Result<(), CliError> {
    let key_id = issuing.add_root(url).await?;
    say(&format!(
        "root {key_id} is made, and signs nothing yet. When all devices and brokers trust it, make an issuer below it: `muniment ca rollover`"
    ));
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
