//! `muniment rebuild`

use std::{path::Path, process::ExitCode};

use projections::{read_models::READ_MODELS, rebuild::Shadow, sql::Db};

use super::{CliError, claims, lock, look, open_database, open_ledger_quietly, progress, say};
use ledger::{Head, Ledger, RebuiltSnapshots, recount};
use server::settings::Settings;

/// Replays the ledger into shadow tables, compares them with the live tables, and repairs the live tables that differ. Then does
/// the same with the snapshots of streams. Before that, corrects the claims that differ from the events.
pub(crate) async fn run(settings: Settings) -> Result<ExitCode, CliError> {
    look::ledger_must_exist(&settings).await?;
    let db = open_database(&settings).await?;
    let _lock = settings
        .database_url
        .is_none()
        .then(|| lock::take(&settings.data_dir))
        .transpose()?;
    // The names that are alike and the counts are made of claims, so these come first.
    let claims_are_right = claims::mend(&db, &open_ledger_quietly(&settings, db.clone()).await?).await?;
    let Rebuilt {
        ledger,
        events,
        differing,
    } = loop {
        if let Some(done) = attempt(&settings, &db).await? {
            break done;
        }
        say("somebody was erased meanwhile; rebuilding once more");
    };
    say(&if differing.is_empty() {
        format!("replayed {events} events: the read models equal the rebuilt ones (compared by digest)")
    } else {
        format!(
            "replayed {events} events: {} differed and were replaced by the rebuilt tables; restart the servers, \
             since they may have loaded the wrong data",
            differing.join(", ")
        )
    });
    let snapshots = ledger.rebuild_snapshots().await?;
    let RebuiltSnapshots {
        unused,
        wrong,
        written,
    } = snapshots;
    if snapshots != RebuiltSnapshots::default() {
        say(&format!(
            "snapshots: {written} written; {unused} deleted that were not used; {wrong} deleted that differed from the events{}",
            if wrong > 0 {
                "; restart the servers, since they may have loaded the wrong data"
            } else {
                ""
            }
        ));
    }
    Ok(match claims_are_right {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The result of a rebuild.
struct Rebuilt {
    ledger: Ledger,
    /// The number of events.
    events: i64,
    /// The names of the tables that were replaced.
    differing: Vec<&'static str>,
}

/// Rebuilds the read models once. Returns `None` if a person was erased meanwhile: the replayed tables have that person's data.
async fn attempt(settings: &Settings, db: &Db) -> Result<Option<Rebuilt>, CliError> {
    // Each attempt opens the ledger again, and so forgets the keys of people who were erased.
    let ledger = open_ledger_quietly(settings, db.clone()).await?;
    let file = settings.data_dir.join("rebuild.db");
    let url = match &settings.database_url {
        Some(url) => url.clone(),
        None => {
            // An interrupted rebuild may have left a damaged file.
            remove(&file);
            format!("sqlite:{}", file.display()).into()
        }
    };
    let mut shadow = Shadow::create(db, &url, READ_MODELS).await?;
    let outcome = replay_compare_swap(db, &ledger, &mut shadow).await;
    shadow.drop(db).await?;
    if settings.database_url.is_none() {
        remove(&file);
    }
    Ok(outcome?.map(|(events, differing)| Rebuilt {
        ledger,
        events,
        differing,
    }))
}

/// Removes the shadow's file and what SQLite keeps beside it.
fn remove(file: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
}

/// Returns the number of events, and the names of the tables that were replaced; `None` if a person was erased meanwhile.
async fn replay_compare_swap(
    db: &Db,
    ledger: &Ledger,
    shadow: &mut Shadow,
) -> Result<Option<(i64, Vec<&'static str>)>, CliError> {
    let before = ledger.head().await?;
    let bar = progress::bar(before.position, "rebuilding");
    let show = |position| bar.set_position(progress::at(position));
    // Replay most events while other processes may append. Then replay once more the events that came meanwhile. Do not repeat
    // this until no event is left: servers that append all the time would keep it busy for ever.
    let position = ledger.fill(shadow, 0, before.position, show).await?;
    let reached = ledger.head().await?.position;
    let position = ledger.fill(shadow, position, reached, show).await?;
    // Replay the rest in a transaction in which no process can append.
    let mut live = db.begin().await?;
    let head = Head::lock(&mut live).await?;
    if head.erasures != before.erasures {
        return Ok(None);
    }
    let position = ledger.fill(shadow, position, head.position, show).await?;
    bar.finish_and_clear();
    let differing = shadow.differing(&mut live).await?;
    shadow.swap(&mut live, &differing).await?;
    let miscounts = recount(&mut live, aggregates::scopes()).await?;
    let mended = ledger.mend_alike(&mut live, &head).await?;
    // Servers that still run then check whether they fit the versions that are stored now.
    head.touch(&mut live).await?;
    live.commit().await?;
    match mended {
        Some(Ok(())) => say("corrected: the lists of names that are alike"),
        Some(Err(lacking)) => say(&format!("not corrected: {lacking}")),
        None => {}
    }
    for miscount in miscounts {
        say(&format!("corrected: {miscount}"));
    }
    let differing = differing.into_iter().map(|table| table.name).collect();
    Ok(Some((position, differing)))
}
