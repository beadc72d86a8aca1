//! `muniment doctor`

use std::process::ExitCode;

use projections::{read_models::READ_MODELS, sql::Db};

use super::{CliError, complain, open_database, open_ledger_quietly, other_versions, say};
use ledger::{ids::SystemEntropy, migrations};
use server::{identity::keys, settings::Settings};

/// Checks one thing after the other. The exit code is 1 if something is wrong.
pub(crate) async fn run(settings: Settings) -> Result<ExitCode, CliError> {
    say("settings: good");
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
                read.map(drop).map_err(|e| e.to_string()),
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
                read.map(drop).map_err(|e| e.to_string()),
            ),
        );
    } else {
        tell("signing key", key(false, "signing.pem", Ok(())));
    }
    match open_database(&settings).await {
        Err(error) => tell("database", Err(error.to_string())),
        Ok(db) => {
            tell("database", Ok(format!("{} answers", db.engine())));
            let pending = migrations::pending(&db).await?;
            if pending.is_empty() {
                tell("schema", Ok("up to date".to_owned()));
                let others = READ_MODELS.other_versions(&db).await?;
                let same = || "have the versions of this program".to_owned();
                tell(
                    "read models",
                    if others.is_empty() {
                        Ok(same())
                    } else {
                        Err(other_versions(&others))
                    },
                );
                tell("ledger", ledger(&settings, db).await);
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

async fn ledger(settings: &Settings, db: Db) -> Result<String, String> {
    let ledger = open_ledger_quietly(settings, db)
        .await
        .map_err(|error| error.to_string())?;
    let head = ledger.head().await.map_err(|error| error.to_string())?;
    Ok(format!(
        "{} events, the last at {}; `muniment verify` recomputes its chain",
        head.position, head.recorded_at
    ))
}
