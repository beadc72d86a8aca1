//! `muniment kicks`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use ledger::{KeptForBroker, forget_broker};
use server::{kicks::removed, settings::Settings};

use super::{CliError, look::LookedAt, open_database, say};

/// What to do with the sessions that brokers must still end.
#[derive(Args)]
pub(crate) struct KicksArguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Forget what the database keeps for a broker that is no longer in the setting BROKERS: how far it was told what happened, and the
    /// users whose sessions it did not end.
    Forget {
        /// The URL of the broker, or its name as `muniment doctor` shows it: its kind and its URL.
        broker: String,
    },
}

/// Forgets a broker that is not in the settings. On SQLite, this also works while the server runs.
pub(crate) async fn run(settings: Settings, arguments: KicksArguments) -> Result<ExitCode, CliError> {
    let Task::Forget { broker } = arguments.task;
    let wanted = broker.trim_end_matches('/');
    let is_meant = |name: &str| {
        let url = name.split_once(' ').map(|(_, url)| url);
        name == wanted || url == Some(wanted)
    };
    if settings
        .brokers
        .iter()
        .flat_map(|brokers| brokers.iter())
        .any(|broker| is_meant(&broker.name()))
    {
        let error = format!("{broker} is in the setting BROKERS: take it out first");
        return Err(CliError::Other(error));
    }
    // This fails if there is no ledger, and makes none.
    let looked_at = LookedAt::open(&settings).await?;
    looked_at.must_be_migrated(&settings).await?;
    looked_at.db.close().await;
    let db = open_database(&settings).await?;
    let mut kept = removed(&db, settings.brokers.as_ref()).await?;
    kept.retain(|kept| is_meant(&kept.broker));
    for KeptForBroker { broker, .. } in &kept {
        forget_broker(&db, broker).await?;
    }
    db.close().await;
    if kept.is_empty() {
        // The argument may be a URL with a password.
        return Err(CliError::Other(
            "the database keeps nothing for this broker: `muniment doctor` lists those for which it does"
                .to_owned(),
        ));
    }
    for KeptForBroker { broker, kicks } in kept {
        say(&format!(
            "forgot {broker}, and that it did not end the sessions of {kicks} users"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// What there is to say about brokers that are not in the settings.
pub(super) fn said_of_removed(kept: &[KeptForBroker]) -> String {
    let each: Vec<_> = kept
        .iter()
        .map(|kept| format!("{} ({} users)", kept.broker, kept.kicks))
        .collect();
    format!(
        "the database keeps, for brokers that are not in BROKERS, whose sessions must end: {}; \
         `muniment kicks forget URL` deletes this",
        each.join(", ")
    )
}
