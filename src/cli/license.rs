//! `muniment license`

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use aggregates::values::{DeviceId, Timestamp};
use clap::{Args, Subcommand};
use ledger::clock::{Clock as _, SystemClock};
use serde_json::Value;
use server::{
    identity::{
        keys::{self, Found},
        tokens::Tokens,
    },
    licences::file::{Place, check},
    settings::Settings,
};

use super::{CliError, say};

/// The largest file that is read, in bytes.
const MOST: u64 = 1 << 20;

/// What to do with a licence file.
#[derive(Args)]
pub(crate) struct LicenseArguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check a licence file without a server: its signature, and whether the licence is valid now.
    Check {
        /// The file.
        file: PathBuf,
        /// The keys that may have signed it: a copy of `/.well-known/jwks.json`. Without it, the key of this server's data folder.
        #[arg(long)]
        jwks: Option<PathBuf>,
        /// The issuer that the file must have, `iss` in it. Without it, any server that has one of the keys.
        #[arg(long)]
        issuer: Option<String>,
        /// The UUID of the device for which the file must have been made. Without it, a file for any device counts, and one for none.
        #[arg(long, value_parser = DeviceId::parse)]
        device: Option<DeviceId>,
    },
}

/// Checks a file. It does not open the database.
pub(crate) fn run(settings: &Settings, arguments: &LicenseArguments) -> Result<ExitCode, CliError> {
    let Task::Check {
        file,
        jwks,
        issuer,
        device,
    } = &arguments.task;
    let keys = match jwks {
        Some(jwks) => serde_json::from_str(&read(jwks)?)
            .map_err(|_| CliError::Other(format!("{} is no JSON", jwks.display())))?,
        None => own_keys(settings)?,
    };
    let place = Place {
        keys: &keys,
        issuer: issuer.as_deref(),
        device: *device,
        now: SystemClock.now(),
    };
    let licence = check(&read(file)?, &place)
        .map_err(|error| CliError::Other(format!("{}: {error}", file.display())))?;
    let end = Timestamp::from_micros(licence.exp.saturating_mul(1_000_000));
    let device = licence.device.map(|device| format!(", for the device {device}"));
    say(&format!(
        "valid until {end}: licence {} ({}, {}), {} seats{}, issued by {}",
        licence.license_key,
        licence.agreement,
        licence.kind,
        licence.seats,
        device.unwrap_or_default(),
        licence.iss,
    ));
    Ok(ExitCode::SUCCESS)
}

/// The text of a file.
fn read(path: &Path) -> Result<String, CliError> {
    let failed = |error| CliError::Other(format!("{}: {error}", path.display()));
    let mut text = String::new();
    let mut file = std::fs::File::open(path).map_err(failed)?.take(MOST);
    file.read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// The key by which this server signs.
fn own_keys(settings: &Settings) -> Result<Value, CliError> {
    let given = settings.signing_key.as_ref().map(|key| key.as_str());
    match keys::existing_signing_key(given, &settings.data_dir)? {
        Found::Key(key) => {
            let tokens = Tokens::new("", &key).map_err(|error| CliError::Other(error.to_string()))?;
            Ok(tokens.key_set())
        }
        Found::Missing | Found::Hidden => Err(CliError::Other(
            "this computer has no signing key that can be read: name the keys with --jwks".to_owned(),
        )),
    }
}
