//! The command line.

mod doctor;
mod events;
mod lock;
mod migrate;
mod progress;
mod rebuild;
mod serve;
mod verify;

use std::{process::ExitCode, sync::Arc, time::Duration};

use clap::{Parser, Subcommand};
use projections::sql::{Db, Options};

use crate::{faces::FACES, telemetry};
use ledger::{
    Ledger, LedgerError, MasterKey, WithCauses,
    clock::SystemClock,
    ids::SystemEntropy,
    migrations::{self, MigrationError},
};
use server::{
    identity::keys,
    settings::{Settings, SettingsError},
};

/// Identity and access server for IoT platforms on a tamper-evident event ledger.
///
/// Settings come from muniment.toml (or the file MUNIMENT_CONFIG names) and from MUNIMENT_ variables.
#[derive(Parser)]
#[command(name = "muniment", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Run the server (the default).
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Recompute the ledger's chain of hashes, and say where it breaks.
    Verify,
    /// Make the read models anew from the ledger, compare, and repair what differs.
    Rebuild,
    /// Print events as CloudEvents, one JSON object a line.
    Events(events::EventsArguments),
    /// Look at settings, keys, database and ledger, and say what is wrong.
    Doctor,
}

/// Why a command of the command line failed.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Keys(#[from] keys::KeyError),
    #[error(transparent)]
    Migration(#[from] MigrationError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("database: {0}")]
    Database(#[from] projections::sql::Error),
    #[error(transparent)]
    Bootstrap(#[from] server::bootstrap::BootstrapError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("event: {0}")]
    Event(#[from] serde_json::Error),
    #[error("{0}")]
    Other(String),
}

/// Runs the command line; what it answers is the process' exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = Settings::read(FACES.settings())
        .map_err(CliError::from)
        .and_then(|settings| {
            telemetry::start(&settings.log).map_err(CliError::Other)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(run(arguments.command.unwrap_or(Task::Serve), settings))
        });
    match outcome {
        Ok(code) => code,
        Err(error) => {
            complain(&WithCauses(&error).to_string());
            ExitCode::FAILURE
        }
    }
}

async fn run(task: Task, settings: Settings) -> Result<ExitCode, CliError> {
    match task {
        Task::Serve => serve::run(settings).await,
        Task::Migrate => migrate::run(settings).await,
        Task::Verify => verify::run(settings).await,
        Task::Rebuild => rebuild::run(settings).await,
        Task::Events(arguments) => events::run(settings, arguments).await,
        Task::Doctor => doctor::run(settings).await,
    }
}

/// Opens the database, making the data folder first where it holds it.
async fn open_database(settings: &Settings) -> Result<Db, CliError> {
    if settings.database_url.is_none() {
        make_private(&settings.data_dir)?;
    }
    let mut options = Options {
        connections: settings.database_connections,
        ..Options::default()
    };
    if settings.database_url.is_some() {
        // If the database is gone, a request should be refused soon. On SQLite this is the wait for other writers.
        options.patience = Duration::from_secs(2);
    }
    Ok(Db::open(&settings.database(), &options).await?)
}

/// Opens the ledger of a database whose schema must be up to date and whose read models must have the versions of this
/// program.
async fn open_ledger(settings: &Settings, db: Db) -> Result<Ledger, CliError> {
    let key = key_of_ledger(settings, &db).await?;
    Ok(Ledger::open(
        db,
        &key,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        projections::GUARDS,
    )
    .await?)
}

/// Opens the ledger for a task that does not append: it needs no authorization projection.
async fn open_ledger_quietly(settings: &Settings, db: Db) -> Result<Ledger, CliError> {
    let key = key_of_ledger(settings, &db).await?;
    Ok(Ledger::open_unfollowed(
        db,
        &key,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        projections::GUARDS,
    )
    .await?)
}

/// The key that a ledger is sealed with, if the schema of its database is up to date.
async fn key_of_ledger(settings: &Settings, db: &Db) -> Result<MasterKey, CliError> {
    if !migrations::pending(db).await?.is_empty() {
        return Err(CliError::Other(
            "the database's schema is not up to date: run `muniment migrate`".to_owned(),
        ));
    }
    let given = settings.sealing_key.as_ref().map(|key| key.as_str());
    Ok(keys::sealing_key(given, &settings.data_dir, &SystemEntropy)?)
}

/// Makes a folder that only its owner can look into, if it is not there.
fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A line of the answer, on stdout.
#[expect(clippy::print_stdout, reason = "stdout is where the command line answers")]
fn say(line: &str) {
    println!("{line}");
}

/// A line about what went wrong, on stderr.
#[expect(clippy::print_stderr, reason = "the command line complains where logs go too")]
fn complain(line: &str) {
    eprintln!("muniment: {line}");
}
