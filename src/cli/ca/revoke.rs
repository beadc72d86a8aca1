//! `muniment ca revoke`

use aggregates::values::{Fingerprint, RevocationReason};
use ledger::{Executor, Metadata};
use server::issuing::{Issuing, IssuingError};

use crate::cli::{CliError, say};

/// Revokes a certificate. The fingerprint may be written as openssl prints it.
pub(super) async fn run(
    (executor, issuing): (&Executor, &Issuing),
    fingerprint: &str,
    reason: &str,
) -> Result<(), CliError> {
    let digits = fingerprint.rsplit('=').next().unwrap_or(fingerprint);
    let invalid = |error: aggregates::values::Invalid| CliError::Other(error.to_string());
    let fingerprint = Fingerprint::parse(digits).map_err(invalid)?;
    let reason = RevocationReason::parse(reason).map_err(invalid)?;
    let commands = issuing.revocation(&fingerprint, reason).await?;
    let commands = commands.ok_or_else(|| {
        CliError::Other(format!(
            "this server issued no certificate with the fingerprint {fingerprint}"
        ))
    })?;
    let executed = executor.execute(commands, &Metadata::system("ca")).await;
    executed.map_err(IssuingError::from)?;
    say(&format!("{fingerprint} is revoked"));
    Ok(())
}
