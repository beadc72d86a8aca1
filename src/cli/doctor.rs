//! `muniment doctor`

use std::{error::Error, process::ExitCode};

use super::{CliError, complain, open_database, open_ledger_quietly, say};
use ledger::{AlikeNames, AlikePair, Ledger, WithCauses, ids::SystemEntropy, migrations};
use server::{Live, identity::keys, settings::Settings};

/// Checks one thing after the other. The exit code is 1 if something is wrong.
pub(crate) async fn run(settings: Settings) -> Result<ExitCode, CliError> {
    say("settings: good");
    say(&tokens(&settings));
    let mut healthy = true;
    let mut tell = |what: &str, found: Result<String, String>| match found {
        Ok(good) => say(&format!("{what}: {good}")),
        Err(bad) => {
            healthy = false;
            complain(&format!("{what}: {bad}"));
        }
    };
    let (sealing, signing) = (settings.sealing_key.as_deref(), settings.signing_key.as_deref());
    let has_file = |name: &str| settings.data_dir.join(name).exists();
    let key = |given: bool, name: &str, read: Result<(), String>| match (given || has_file(name), read) {
        (true, read) => read.map(|()| "good".to_owned()),
        (false, _) => Ok("does not exist yet; the first start makes it".to_owned()),
    };
    if sealing.is_some() || has_file("sealing.key") {
        let read = keys::sealing_key(sealing.map(String::as_str), &settings.data_dir, &SystemEntropy);
        tell(
            "sealing key",
            key(
                sealing.is_some(),
                "sealing.key",
                read.map(drop).map_err(|error| said(&error)),
            ),
        );
    } else {
        tell("sealing key", key(false, "sealing.key", Ok(())));
    }
    if signing.is_some() || has_file("signing.pem") {
        let read = keys::signing_key(signing.map(String::as_str), &settings.data_dir, &SystemEntropy);
        tell(
            "signing key",
            key(
                signing.is_some(),
                "signing.pem",
                read.map(drop).map_err(|error| said(&error)),
            ),
        );
    } else {
        tell("signing key", key(false, "signing.pem", Ok(())));
    }
    match open_database(&settings).await {
        Err(error) => tell("database", Err(said(&error))),
        Ok(db) => {
            tell("database", Ok(format!("{} answers", db.engine())));
            let pending = migrations::pending(&db).await?;
            if pending.is_empty() {
                tell("schema", Ok("up to date".to_owned()));
                let versions = Ledger::check_versions(&db).await;
                let good = versions.map(|()| "have the versions of this program".to_owned());
                tell("read models", good.map_err(|error| said(&error)));
                match open_ledger_quietly(&settings, db).await {
                    Ok(ledger) => {
                        tell("ledger", head(&ledger).await);
                        tell("claims", claims(&ledger).await);
                        tell("names", names(&ledger).await);
                    }
                    Err(error) => tell("ledger", Err(said(&error))),
                }
            } else {
                tell(
                    "schema",
                    Err(format!(
                        "{} migrations are missing: run `muniment migrate`",
                        pending.len()
                    )),
                );
            }
        }
    }
    Ok(if healthy {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How long tokens are valid.
fn tokens(settings: &Settings) -> String {
    let live = Live::from(settings);
    let hours = live.bounded_hours(live.token_hours);
    let most = match live.token_hours_most {
        Some(most) => format!("at most {most} hours (TOKEN_HOURS_MOST)"),
        None => "without a bound (TOKEN_HOURS_MOST is not set)".to_owned(),
    };
    format!("tokens: valid for {hours} hours, or as long as the login asks, {most}")
}

async fn head(ledger: &Ledger) -> Result<String, String> {
    let head = ledger.head().await.map_err(|error| said(&error))?;
    Ok(format!(
        "{} events, the last at {}; `muniment verify` recomputes its chain",
        head.position, head.recorded_at
    ))
}

/// Compares the stored counts with the claims.
async fn claims(ledger: &Ledger) -> Result<String, String> {
    let miscounts = ledger.miscounts(aggregates::scopes()).await;
    let miscounts = miscounts.map_err(|error| said(&error))?;
    if miscounts.is_empty() {
        return Ok("their stored counts are right".to_owned());
    }
    let miscounts: Vec<_> = miscounts.iter().map(ToString::to_string).collect();
    Err(format!(
        "{}: `muniment rebuild` corrects the counts",
        miscounts.join("; ")
    ))
}

/// Lists the names that are alike. They are older than the rule against such names, so nothing is wrong.
async fn names(ledger: &Ledger) -> Result<String, String> {
    match ledger.alike_names().await.map_err(|error| said(&error))? {
        AlikeNames::NotCompared => Ok("are not compared yet; the next start of a server does it".to_owned()),
        AlikeNames::Incomplete(incomplete) => Err(incomplete.to_string()),
        AlikeNames::Pairs(pairs) if pairs.is_empty() => Ok("no two are alike".to_owned()),
        AlikeNames::Pairs(pairs) => {
            for AlikePair { scope, one, other } in &pairs {
                // Debug shows invisible characters.
                let [one, other] = [one, other].map(|named| format!("{:?} ({})", named.name, named.id));
                say(&format!("names: {scope} {one} is like {other}"));
            }
            Ok(format!(
                "pairs that are alike: {}. They are older than the rule against it; rename one name of each pair",
                pairs.len()
            ))
        }
    }
}

/// An error with its causes, in one line.
fn said(error: &(dyn Error + 'static)) -> String {
    WithCauses(error).to_string()
}
