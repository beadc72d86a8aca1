//! `muniment logins`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use ledger::{
    Clearing, ask_to_clear,
    clock::{Clock, SystemClock},
};
use projections::{page::Page, user_directory};
use server::settings::Settings;

use super::{CliError, look, open_database, say};

/// What to do with failed logins.
#[derive(Args)]
pub(crate) struct LoginsArguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Make all running servers forget the failed logins of a user.
    Clear {
        /// The user's name.
        name: String,
    },
}

/// Asks all running servers to forget the failed logins of a user. They look for such requests every second. On SQLite, this also works
/// while the server runs.
pub(crate) async fn run(settings: Settings, arguments: LoginsArguments) -> Result<ExitCode, CliError> {
    let Task::Clear { name } = arguments.task;
    look::ledger_must_exist(&settings).await?;
    let db = open_database(&settings).await?;
    let asked_at = SystemClock.now();
    let page = Page { number: 1, rows: 1 };
    let found = user_directory::by_usernames(&db, &[&name], &page, false, asked_at).await?;
    let Some(user) = found.rows.first() else {
        db.close().await;
        return Err(CliError::Other(format!("there is no user {name}")));
    };
    let clearing = Clearing {
        user: user.id,
        asked_at,
    };
    ask_to_clear(&db, clearing).await?;
    db.close().await;
    say(&format!(
        "all servers forget the failed logins of {name} within a few seconds"
    ));
    Ok(ExitCode::SUCCESS)
}
