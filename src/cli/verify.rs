//! `muniment verify`

use std::process::ExitCode;

use super::{CliError, claims, complain, look::LookedAt, progress, say};
use ledger::Ledger;
use server::settings::Settings;

/// Checks the whole chain, and then the snapshots and the claims. The exit code is 1 if the chain is broken, or a snapshot or a claim is wrong.
pub(crate) async fn run(settings: Settings) -> Result<ExitCode, CliError> {
    loop {
        let looked = LookedAt::open(&settings).await?;
        let verified = verify(&looked, &settings).await;
        if looked.is_certain() {
            return verified;
        }
        complain("a server has started meanwhile; verifying once more");
    }
}

async fn verify(looked: &LookedAt, settings: &Settings) -> Result<ExitCode, CliError> {
    let (ledger, has_key) = looked.ledger(settings).await?;
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
            if has_key {
                let snapshots = check_snapshots(&ledger).await?;
                let claims = claims::tell(&claims::compare(&ledger).await?);
                return Ok(if snapshots == ExitCode::SUCCESS {
                    claims
                } else {
                    snapshots
                });
            }
            say(
                "snapshots and claims: not compared with the events, since this account cannot read the sealing key",
            );
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

/// Compares the snapshots with the events on which they stand.
async fn check_snapshots(ledger: &Ledger) -> Result<ExitCode, CliError> {
    let checked = ledger.check_snapshots().await?;
    if checked.right > 0 {
        say(&format!("snapshots: {} equal the events", checked.right));
    }
    if checked.unused > 0 {
        say(&format!(
            "snapshots: {} are not used, since they are of another version or do not fit the ledger; `muniment rebuild` \
             deletes them",
            checked.unused
        ));
    }
    for wrong in &checked.wrong {
        complain(&format!("{wrong}: stop all servers and run `muniment rebuild`"));
    }
    Ok(if checked.wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
