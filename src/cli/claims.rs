//! The claims of the aggregates, compared with the events.

use std::process::ExitCode;

use super::{CliError, complain, progress, say};
use ledger::{ComparedClaims, Head, Ledger, recount};
use projections::sql::Db;

/// How many flaws are named at most.
const NAMED: usize = 20;
/// How many claims are corrected at once: the head is locked that long.
const AT_ONCE: usize = 1_000;
/// How often what was corrected is compared again. Servers may write meanwhile.
const RUNS: u32 = 5;

/// Compares the claims with the events, with a bar.
pub(crate) async fn compare(ledger: &Ledger) -> Result<ComparedClaims, CliError> {
    let bar = progress::bar(ledger.head().await?.position, "comparing claims");
    let compared = ledger
        .compare_claims(|events| bar.set_position(progress::at(events)))
        .await;
    bar.finish_and_clear();
    Ok(compared?)
}

/// What a comparison has found to be wrong, in one line.
pub(crate) fn wrong(compared: &ComparedClaims) -> Option<String> {
    let flaws = &compared.flaws;
    if flaws.is_empty() {
        return None;
    }
    let mut said: Vec<String> = flaws.iter().take(NAMED).map(ToString::to_string).collect();
    let others = flaws.len().saturating_sub(NAMED);
    if others > 0 {
        said.push(format!("and {others} more"));
    }
    let remedy = match compared.correctable().is_empty() {
        true => "delete or change one of the two",
        false => "`muniment rebuild` corrects what one aggregate alone claims",
    };
    Some(format!("{}: {remedy}", said.join("; ")))
}

/// Says what a comparison has found.
pub(crate) fn tell(compared: &ComparedClaims) -> ExitCode {
    match wrong(compared) {
        None => {
            say(&format!(
                "claims: {} are as the events give them",
                compared.claims
            ));
            ExitCode::SUCCESS
        }
        Some(wrong) => {
            complain(&format!("claims: {wrong}"));
            ExitCode::FAILURE
        }
    }
}

/// Corrects the claims that differ from the events. Returns whether all are right then.
pub(crate) async fn mend(db: &Db, ledger: &Ledger) -> Result<bool, CliError> {
    let mut corrected = 0;
    for _ in 0..RUNS {
        let compared = compare(ledger).await?;
        let correctable = compared.correctable();
        for flaws in correctable.chunks(AT_ONCE) {
            let mut tx = db.begin().await?;
            let head = Head::lock(&mut tx).await?;
            corrected += ledger.mend_claims(&mut tx, compared.position, flaws).await?;
            let counted = aggregates::scopes().filter(|scope| scope.is_counted());
            let mut counted = counted.map(aggregates::claim::Scope::name);
            if counted.any(|scope| flaws.iter().any(|flaw| flaw.scope() == scope)) {
                recount(&mut tx, aggregates::scopes()).await?;
            }
            // No process may remember the old claims.
            head.touch(&mut tx).await?;
            tx.commit().await?;
        }
        if correctable.is_empty() {
            if corrected > 0 {
                say(&format!("corrected: {corrected} claims"));
            }
            tell(&compared);
            return Ok(compared.flaws.is_empty());
        }
    }
    complain("claims: they still differ from the events; run `muniment rebuild` again, best without servers");
    Ok(false)
}
