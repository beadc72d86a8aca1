//! `muniment kicks`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use ledger::{KeptForBroker, forget_broker};
use projections::sql::Db;
use server::{
    kicks::{Broker, Brokers, removed},
    settings::Settings,
};

use super::{CliError, look, open_database, say};

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
        /// The URL of the broker, or its name as `muniment doctor` shows it: its kind and its URL. If brokers of two kinds have the same
        /// URL, only the name will do.
        broker: String,
    },
}

/// Forgets a broker that is not in the settings. On SQLite, this also works while the server runs.
pub(crate) async fn run(settings: Settings, arguments: KicksArguments) -> Result<ExitCode, CliError> {
    let Task::Forget { broker } = arguments.task;
    look::ledger_must_exist(&settings).await?;
    let db = open_database(&settings).await?;
    let forgotten = forget(&db, settings.brokers.as_ref(), broker.trim_end_matches('/')).await;
    db.close().await;
    let KeptForBroker { broker, kicks } = forgotten?;
    say(&format!(
        "forgot {broker}, and that it did not end the sessions of {kicks} users"
    ));
    Ok(ExitCode::SUCCESS)
}

/// Forgets the broker that is meant by its URL or its name. The errors do not repeat what was given: it may be a URL with a password.
async fn forget(db: &Db, in_use: Option<&Brokers>, wanted: &str) -> Result<KeptForBroker, CliError> {
    let is_meant = |name: &str| {
        let url = name.split_once(' ').map(|(_, url)| url);
        name == wanted || url == Some(wanted)
    };
    let mut kept = removed(db, in_use).await?;
    kept.retain(|kept| is_meant(&kept.broker));
    match kept.as_slice() {
        [] => {
            let names = in_use.iter().flat_map(|brokers| brokers.iter()).map(Broker::name);
            let found = names.into_iter().find(|name: &String| is_meant(name));
            Err(CliError::Other(match found {
                Some(name) => format!("{name} is in the setting BROKERS: take it out first"),
                None => "the database keeps nothing for this broker: `muniment doctor` lists those for which it does"
                    .to_owned(),
            }))
        }
        [one] => {
            forget_broker(db, &one.broker).await?;
            Ok(one.clone())
        }
        several => {
            let names: Vec<String> = several.iter().map(|kept| format!("'{}'", kept.broker)).collect();
            Err(CliError::Other(format!(
                "several brokers have this URL: say which one you mean, {}",
                names.join(" or ")
            )))
        }
    }
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
