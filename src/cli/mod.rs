//! The command line.

mod authority;
mod ca;
mod certificate;
mod claims;
mod doctor;
mod events;
mod kicks;
mod license;
mod listeners;
mod lock;
mod logins;
mod look;
mod migrate;
mod progress;
mod rebuild;
mod rekey;
mod serve;
mod verify;

use std::{process::ExitCode, sync::Arc, time::Duration};

use clap::{Parser, Subcommand};
use projections::sql::{Db, Options};
use rustix::{fs::Mode, process::umask};

use crate::{faces::FACES, telemetry};
use ledger::{
    Durability, Ledger, LedgerError, MasterKey, WithCauses,
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
/// Settings come from muniment.toml (or the file that MUNIMENT_CONFIG names) and from MUNIMENT_ variables.
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
    /// Recompute the ledger's chain of hashes, and say where it is broken.
    Verify,
    /// Make the read models again from the ledger, compare them, and repair the tables that differ.
    Rebuild,
    /// Replace the key that seals the ledger, `sealing.key` in the data folder. Stop all servers first.
    Rekey,
    /// Print events as CloudEvents, one JSON object per line.
    Events(events::EventsArguments),
    /// Make the servers forget the failed logins of a user.
    Logins(logins::LoginsArguments),
    /// Forget the sessions that a broker did not end, if it is no longer in the settings.
    Kicks(kicks::KicksArguments),
    /// Check a licence file.
    License(license::LicenseArguments),
    /// Show and change the certificate authority; issue and revoke certificates.
    Ca(ca::CaArguments),
    /// Check settings, keys, database and ledger, and say what is wrong.
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
    #[error(transparent)]
    Issuing(#[from] server::issuing::IssuingError),
    #[error(transparent)]
    Roots(#[from] server::kicks::RootsError),
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

/// Runs the command line, and returns the exit code of the process.
pub fn main() -> ExitCode {
    // Nobody else can read the files that this process makes, whoever makes the folder.
    umask(Mode::RWXG | Mode::RWXO);
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
        Task::Rekey => rekey::run(settings).await,
        Task::Events(arguments) => events::run(settings, arguments).await,
        Task::Logins(arguments) => logins::run(settings, arguments).await,
        Task::Kicks(arguments) => kicks::run(settings, arguments).await,
        Task::License(arguments) => license::run(&settings, &arguments),
        Task::Ca(arguments) => ca::run(settings, arguments).await,
        Task::Doctor => doctor::run(settings).await,
    }
}

/// Opens the database. If the database is in the data folder, it makes the folder first.
async fn open_database(settings: &Settings) -> Result<Db, CliError> {
    if settings.database_url.is_none() {
        make_private(&settings.data_dir)?;
    }
    let mut options = Options {
        connections: settings.database_connections,
        ..Options::default()
    };
    if settings.database_url.is_some() {
        // If the database does not answer, requests should be refused soon. On SQLite, `patience` is the wait for other
        // writers.
        options.patience = Duration::from_secs(2);
    }
    let db = Db::open(&settings.database(), &options).await?;
    let durability = Durability::of(&db).await?;
    if let Some(encoding) = durability.as_ref().and_then(Durability::narrow_encoding) {
        return Err(CliError::Other(narrow(encoding)));
    }
    Ok(db)
}

/// What to say about a database that cannot store every name.
fn narrow(encoding: &str) -> String {
    format!(
        "the database stores text in {encoding}, which cannot hold every name: create it with ENCODING 'UTF8'"
    )
}

/// Opens the ledger. The schema of its database must be up to date, and its read models must have the versions of this
/// program.
async fn open_ledger(settings: &Settings, db: Db) -> Result<Ledger, CliError> {
    let key = key_of_ledger(settings, &db).await?;
    let ledger = Ledger::open(
        db,
        &key,
        Arc::new(SystemClock),
        Arc::new(SystemEntropy),
        projections::GUARDS,
    )
    .await?;
    let bound = Duration::from_secs(settings.clock_bound_s);
    ledger.clocks().bound_by(bound);
    if matches!(ledger.db(), Db::Postgres(_)) {
        ledger.clocks().wait_for_the_database();
    }
    // This compares the clocks before the first event, and the first requests need the proof. If it fails, the server starts, is not ready and
    // writes nothing.
    if let Err(error) = ledger.heartbeat().beat().await {
        tracing::warn!(error = %WithCauses(&error), "the first heartbeat failed");
    }
    Ok(ledger)
}

/// Opens the ledger for a task that does not append, and so needs no authorization projection.
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

/// The key that seals the ledger. The schema of its database must be up to date.
async fn key_of_ledger(settings: &Settings, db: &Db) -> Result<MasterKey, CliError> {
    migrations_must_be_applied(db).await?;
    rekey::complete(settings, db).await?;
    let given = settings.sealing_key.as_ref().map(|key| key.as_str());
    Ok(keys::sealing_key(given, &settings.data_dir, &SystemEntropy)?)
}

async fn migrations_must_be_applied(db: &Db) -> Result<(), CliError> {
    match migrations::pending(db).await?.is_empty() {
        true => Ok(()),
        false => Err(CliError::Other(
            "the database's schema is not up to date: run `muniment migrate`".to_owned(),
        )),
    }
}

/// Makes a folder that only its owner can open, if it does not exist.
fn make_private(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Prints a line of the result on stdout.
#[expect(clippy::print_stdout, reason = "results go to stdout")]
fn say(line: &str) {
    println!("{line}");
}

/// Prints a line about an error on stderr.
#[expect(clippy::print_stderr, reason = "errors go to stderr, like the log")]
fn complain(line: &str) {
    eprintln!("muniment: {line}");
}
