//! `muniment rekey`, and the end of one that was interrupted.

use std::{process::ExitCode, sync::Arc};

use ledger::{MasterKey, ids::SystemEntropy, is_key_of, rekey};
use projections::sql::Db;
use server::{
    identity::keys::{self, Found, existing_sealing_key},
    settings::Settings,
};

use super::{CliError, complain, lock, look, migrations_must_be_applied, open_database, say};

/// Replaces the key that seals the ledger, in the database and in the data folder.
pub(crate) async fn run(settings: Settings) -> Result<ExitCode, CliError> {
    if settings.sealing_key.is_some() {
        return Err(CliError::Other(
            "the setting sealing_key gives the key, and this command can only replace the file sealing.key in the data folder: \
             write the key into that file, remove the setting, and run this command again"
                .to_owned(),
        ));
    }
    look::ledger_must_exist(&settings).await?;
    let db = open_database(&settings).await?;
    let _lock = settings
        .database_url
        .is_none()
        .then(|| lock::take(&settings.data_dir))
        .transpose()?;
    migrations_must_be_applied(&db).await?;
    complete(&settings, &db).await?;
    let file = settings.data_dir.join("sealing.key");
    let old = match existing_sealing_key(None, &settings.data_dir)? {
        Found::Key(key) => key,
        Found::Missing | Found::Hidden => {
            return Err(CliError::Other(format!(
                "there is no key to replace in {}, or this account cannot read it",
                file.display()
            )));
        }
    };
    if is_key_of(&db, &old).await? != Some(true) {
        return Err(CliError::Other(format!(
            "{} is not the key of this ledger, or there is no ledger yet",
            file.display()
        )));
    }
    let new = keys::write_next_sealing_key(&settings.data_dir, &SystemEntropy)?;
    let rekeyed = rekey(&db, &old, &new, Arc::new(SystemEntropy)).await?;
    keys::use_next_sealing_key(&settings.data_dir)?;
    say(&format!(
        "{} was replaced. It wraps the keys of {} persons, and {} older keys of the server. Copy it to all other nodes before \
         they start, and make a new back-up of the key: back-ups of the database from now on need it. Back-ups from before need the old key",
        file.display(),
        rekeyed.persons,
        rekeyed.older,
    ));
    Ok(ExitCode::SUCCESS)
}

/// Completes a replacement that was interrupted between the database and the file: the database has the new key already.
pub(super) async fn complete(settings: &Settings, db: &Db) -> Result<(), CliError> {
    if next_key(settings, db).await?.is_some() {
        keys::use_next_sealing_key(&settings.data_dir)?;
        complain(
            "an interrupted `muniment rekey` is complete now: sealing.key in the data folder was replaced",
        );
    }
    Ok(())
}

/// The key that an interrupted replacement left beside the old one, if it is the key of the ledger.
pub(super) async fn next_key(settings: &Settings, db: &Db) -> Result<Option<MasterKey>, CliError> {
    if settings.sealing_key.is_some() {
        return Ok(None);
    }
    let Some(next) = keys::next_sealing_key(&settings.data_dir)? else {
        return Ok(None);
    };
    Ok((is_key_of(db, &next).await? == Some(true)).then_some(next))
}
