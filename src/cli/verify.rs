//! `muniment verify`

use std::process::ExitCode;

use super::{CliError, complain, open_database, open_ledger_quietly, progress, say};
use server::settings::Settings;

/// Checks the whole chain. The exit code is 1 if it is broken.
pub(crate) async fn run(settings: Settings) -> Result<ExitCode, CliError> {
    let ledger = open_ledger_quietly(&settings, open_database(&settings).await?).await?;
    let bar = progress::bar(ledger.head().await?.position, "verifying");
    let verified = ledger
        .verify(|position| bar.set_position(progress::at(position)))
        .await?;
    bar.finish_and_clear();
    let hash: String = verified.hash.iter().map(|byte| format!("{byte:02x}")).collect();
    match verified.flaw {
        None => {
            say(&format!(
                "{} events verified; the last hash is {hash}",
                verified.events
            ));
            Ok(ExitCode::SUCCESS)
        }
        Some(flaw) => {
            complain(&format!(
                "the ledger was changed after it was recorded: {flaw}; the {} events before it are unchanged",
                verified.events
            ));
            Ok(ExitCode::FAILURE)
        }
    }
}
