//! `muniment rebuild`

use std::process::ExitCode;

use projections::{read_models::READ_MODELS, rebuild::Shadow, sql::Db};

use super::{CliError, lock, open_database, open_ledger_quietly, progress, say};
use ledger::{Head, Ledger, recount};
use server::settings::Settings;

/// Replays the ledger into shadow tables, compares them with the live tables, and repairs the live tables that differ.
pub(crate) async fn run(settings: Settings) -> Result<ExitCode, CliError> {
    let db = open_database(&settings).await?;
    let _lock = settings
        .database_url
        .is_none()
        .then(|| lock::take(&settings.data_dir))
        .transpose()?;
    let ledger = open_ledger_quietly(&settings, db.clone()).await?;
    let file = settings.data_dir.join("rebuild.db");
    let url = match &settings.database_url {
        Some(url) => url.clone(),
        None => format!("sqlite:{}", file.display()).into(),
    };
    let shadow = Shadow::create(&db, &url, READ_MODELS).await?;
    let outcome = replay_compare_swap(&db, &ledger, &shadow).await;
    shadow.drop(&db).await?;
    if settings.database_url.is_none() {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
        }
    }
    let (events, differing) = outcome?;
    say(&if differing.is_empty() {
        format!("replayed {events} events: the read models equal the rebuilt ones (compared by digest)")
    } else {
        format!(
            "replayed {events} events: {} differed and were replaced by the rebuilt tables; restart the servers, \
             since they may have loaded the wrong data",
            differing.join(", ")
        )
    });
    Ok(ExitCode::SUCCESS)
}

async fn replay_compare_swap(
    db: &Db,
    ledger: &Ledger,
    shadow: &Shadow,
) -> Result<(i64, Vec<&'static str>), CliError> {
    let bar = progress::bar(ledger.head().await?.position, "rebuilding");
    let show = |position| bar.set_position(progress::at(position));
    // Replay most events while other processes may append.
    let position = ledger.fill(shadow, 0, i64::MAX, show).await?;
    // Replay the rest in a transaction in which no process can append.
    let mut live = db.begin().await?;
    let head = Head::lock(&mut live).await?;
    let position = ledger.fill(shadow, position, head.position, show).await?;
    bar.finish_and_clear();
    let differing = shadow.differing(&mut live).await?;
    shadow.swap(&mut live, &differing).await?;
    let miscounts = recount(&mut live, aggregates::scopes()).await?;
    // Servers that still run then check whether they fit the versions that are stored now.
    head.touch(&mut live).await?;
    live.commit().await?;
    for miscount in miscounts {
        say(&format!("corrected: {miscount}"));
    }
    Ok((position, differing.into_iter().map(|table| table.name).collect()))
}
