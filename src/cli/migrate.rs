//! `muniment migrate`

use std::process::ExitCode;

use super::{CliError, lock, open_database, say};
use ledger::migrations;
use server::settings::Settings;

/// Brings the schema up to date.
pub(crate) async fn run(settings: Settings) -> Result<ExitCode, CliError> {
    let db = open_database(&settings).await?;
    let _lock = settings
        .database_url
        .is_none()
        .then(|| lock::take(&settings.data_dir))
        .transpose()?;
    let pending = migrations::pending(&db).await?.len();
    migrations::migrate(&db).await?;
    say(&match pending {
        0 => "the schema is up to date".to_owned(),
        count => format!("applied {count} migrations"),
    });
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
