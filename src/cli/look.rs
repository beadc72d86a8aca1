//! What commands need that only read a ledger. They write nothing, and make no file.

use std::{sync::Arc, time::Duration};

use ledger::{Ledger, clock::SystemClock, ids::SystemEntropy, migrations};
use projections::sql::{Db, Options, Still};
use server::{
    identity::keys::{Found, KeyError, existing_sealing_key},
    settings::Settings,
};

use super::{CliError, complain, lock, rekey};

/// A database that is only read.
pub(crate) struct LookedAt {
    pub(crate) db: Db,
    /// On SQLite, if no server was using the file.
    still: Option<Still>,
}

impl LookedAt {
    /// Opens the database. There must be one.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, CliError> {
        let options = Options {
            connections: settings.database_connections,
            patience: Duration::from_secs(5),
            ..Options::default()
        };
        if let Some(url) = &settings.database_url {
            let db = Db::look_at_postgres(url, &options).await?;
            return Ok(Self { db, still: None });
        }
        let file = settings.data_dir.join("muniment.db");
        match std::fs::File::open(&file) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(no_ledger(settings)),
            Err(error) => {
                return Err(CliError::Other(format!(
                    "{}: this account cannot read the ledger: {error}",
                    file.display()
                )));
            }
        }
        let in_use = lock::is_taken(&settings.data_dir);
        let (db, still) = Db::look_at_sqlite(&file, in_use, &options).await?;
        Ok(Self { db, still })
    }

    /// Whether what was read can be relied on: either a server was using the file, or none has started since.
    pub(crate) fn is_certain(&self) -> bool {
        self.still.as_ref().is_none_or(Still::holds)
    }

    /// Whether new events will show on this connection. If not, the file must be opened again once a server has started.
    pub(crate) fn is_live(&self) -> bool {
        self.still.is_none()
    }

    /// Refuses a database whose schema is missing or is not up to date.
    pub(crate) async fn must_be_migrated(&self, settings: &Settings) -> Result<(), CliError> {
        let (pending, all) = migrations::missing(&self.db).await?;
        match pending {
            0 => Ok(()),
            pending if pending == all => Err(no_ledger(settings)),
            _ => Err(CliError::Other(
                "the database's schema is not up to date: run `muniment migrate`".to_owned(),
            )),
        }
    }

    /// Opens the ledger. Also returns whether its key is known.
    pub(crate) async fn ledger(&self, settings: &Settings) -> Result<(Ledger, bool), CliError> {
        self.must_be_migrated(settings).await?;
        let given = settings.sealing_key.as_ref().map(|key| key.as_str());
        let key = match existing_sealing_key(given, &settings.data_dir) {
            Ok(Found::Key(key)) => Some(key),
            Ok(Found::Missing | Found::Hidden) => None,
            // The command needs no key. The answer would not be better without this file.
            Err(exposed @ KeyError::Exposed(_)) => {
                complain(&format!("warning: {exposed}; going on without it"));
                None
            }
            Err(error) => return Err(error.into()),
        };
        // If a replacement of the key was interrupted, the next start of a server completes it.
        let key = match rekey::next_key(settings, &self.db).await? {
            Some(next) => Some(next),
            None => key,
        };
        let looked = Ledger::look(
            self.db.clone(),
            key.as_ref(),
            Arc::new(SystemClock),
            Arc::new(SystemEntropy),
        );
        let ledger = looked.await?.ok_or_else(|| no_ledger(settings))?;
        Ok((ledger, key.is_some()))
    }
}

/// Fails if there is no ledger, and makes none. For commands that write.
pub(crate) async fn ledger_must_exist(settings: &Settings) -> Result<(), CliError> {
    let looked_at = LookedAt::open(settings).await?;
    let checked = looked_at.must_be_migrated(settings).await;
    looked_at.db.close().await;
    checked
}

fn no_ledger(settings: &Settings) -> CliError {
    let place = match settings.database_url {
        Some(_) => "the database".to_owned(),
        None => settings.data_dir.display().to_string(),
    };
    CliError::Other(format!(
        "there is no ledger in {place}: the first start of a server makes it"
    ))
}
