//! Settings: one TOML file (`MUNIMENT_CONFIG`, or `muniment.toml` in the working directory if it is there) and
//! `MUNIMENT_` variables, which win.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::identity::{passwords::HashingOptions, policy::PasswordPolicy};
use ledger::LOOK_EVERY;

/// The longest a token may be good, in hours.
pub const MOST_TOKEN_HOURS: i64 = 1_000_000;
/// The most connections that may be allowed.
const MOST_CONNECTIONS: usize = 1_000_000;
/// What every variable's name starts with.
const PREFIX: &str = "MUNIMENT_";
/// The file that is read if it is there.
const DEFAULT_FILE: &str = "muniment.toml";

/// A settings value that is not what it should be, or a name that is none.
#[derive(Debug, thiserror::Error)]
#[error("setting {name}: {reason}")]
pub struct SettingsError {
    name: String,
    reason: String,
}

impl SettingsError {
    fn new(name: impl Into<String>, reason: impl ToString) -> Self {
        Self {
            name: name.into(),
            reason: reason.to_string(),
        }
    }
}

/// All settings, checked.
pub struct Settings {
    /// Address to listen on; port 0 lets the system choose. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// The most connections of clients at the same time. Default 10000.
    pub connections: usize,
    /// Milliseconds a connection may be without a whole head of a request. Default 30000.
    pub head_patience_ms: u64,
    /// `postgres://…`, or `None` for SQLite in the data folder.
    pub database_url: Option<Zeroizing<String>>,
    /// Connections to the database. Default 10.
    pub database_connections: u32,
    /// Folder of the keys and of SQLite's file. Default `./muniment-data`.
    pub data_dir: PathBuf,
    /// Password of `admin` at the first start; generated if absent.
    pub admin_password: Option<Zeroizing<String>>,
    /// The sealing key in base64 instead of the file.
    pub sealing_key: Option<Zeroizing<String>>,
    /// The signing key in PEM instead of the file.
    pub signing_key: Option<Zeroizing<String>>,
    /// Rules for passwords.
    pub password_policy: PasswordPolicy,
    /// Cost of password hashing.
    pub hashing: HashingOptions,
    /// Hours a token is good when the login names none. Default 24.
    pub token_hours: i64,
    /// Milliseconds a request waits for `Muniment-At-Least`. Default 1000.
    pub at_least_patience_ms: u64,
    /// Milliseconds since the ledger was last read to its head after which nothing is decided from memory any more.
    /// Default 5000.
    pub stale_after_ms: u64,
    /// Where clients reach this server, e.g. `https://muniment.example.com`, for what it tells of its own addresses.
    /// Without it, it is what a request calls it.
    pub public_url: Option<String>,
    /// What is logged, in tracing's filter syntax. Default `info`.
    pub log: String,
}

/// The names of settings, as in the file. Unknown ones are refused, so that a typing mistake is noticed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Names {
    listen: Option<toml::Value>,
    connections: Option<toml::Value>,
    head_patience_ms: Option<toml::Value>,
    database_url: Option<toml::Value>,
    database_connections: Option<toml::Value>,
    data_dir: Option<toml::Value>,
    admin_password: Option<toml::Value>,
    sealing_key: Option<toml::Value>,
    signing_key: Option<toml::Value>,
    password_policy: Option<toml::Value>,
    password_memory_kib: Option<toml::Value>,
    password_iterations: Option<toml::Value>,
    password_parallelism: Option<toml::Value>,
    password_workers: Option<toml::Value>,
    password_queue: Option<toml::Value>,
    token_hours: Option<toml::Value>,
    at_least_patience_ms: Option<toml::Value>,
    stale_after_ms: Option<toml::Value>,
    public_url: Option<toml::Value>,
    log: Option<toml::Value>,
}

impl Settings {
    /// Reads the file and the variables of the process.
    pub fn read() -> Result<Self, SettingsError> {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        let named = variables.get("MUNIMENT_CONFIG").map(PathBuf::from);
        let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        let file = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(SettingsError::new(path.display().to_string(), error)),
        };
        Self::from(&file, variables)
    }

    /// From the text of a file and variables.
    pub fn from(file: &str, mut variables: BTreeMap<String, String>) -> Result<Self, SettingsError> {
        // What toml says of a wrong file quotes it, and it may hold secrets: only the place is told.
        let names: Names =
            toml::from_str(file).map_err(|error| SettingsError::new("file", describe(&error, file)))?;
        variables.remove("MUNIMENT_CONFIG");
        let mut value = |name: &str, from_file: Option<toml::Value>| -> Option<String> {
            variables
                .remove(&format!("{PREFIX}{}", name.to_uppercase()))
                .or(from_file.map(text_of))
        };
        let secret = |text: Option<String>| text.map(Zeroizing::new);

        let listen = value("listen", names.listen);
        let database_url = value("database_url", names.database_url);
        let connections = value("connections", names.connections);
        let head_patience = value("head_patience_ms", names.head_patience_ms);
        let database_connections = value("database_connections", names.database_connections);
        let data_dir = value("data_dir", names.data_dir);
        let admin_password = value("admin_password", names.admin_password);
        let sealing_key = value("sealing_key", names.sealing_key);
        let signing_key = value("signing_key", names.signing_key);
        let policy = value("password_policy", names.password_policy);
        let memory = value("password_memory_kib", names.password_memory_kib);
        let iterations = value("password_iterations", names.password_iterations);
        let parallelism = value("password_parallelism", names.password_parallelism);
        let workers = value("password_workers", names.password_workers);
        let queue = value("password_queue", names.password_queue);
        let token_hours = value("token_hours", names.token_hours);
        let patience = value("at_least_patience_ms", names.at_least_patience_ms);
        let stale_after = value("stale_after_ms", names.stale_after_ms);
        let public_url = value("public_url", names.public_url);
        let log = value("log", names.log);
        if let Some(unknown) = variables.keys().next() {
            return Err(SettingsError::new(unknown.as_str(), "there is no such setting"));
        }

        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let settings = Self {
            listen: parse("listen", listen, SocketAddr::from(([127, 0, 0, 1], 8080)))?,
            database_url: secret(database_url),
            connections: parse("connections", connections, 10_000)?,
            head_patience_ms: parse("head_patience_ms", head_patience, 30_000)?,
            database_connections: parse("database_connections", database_connections, 10)?,
            data_dir: data_dir.map_or_else(|| PathBuf::from("muniment-data"), PathBuf::from),
            admin_password: secret(admin_password),
            sealing_key: secret(sealing_key),
            signing_key: secret(signing_key),
            password_policy: match policy {
                Some(json) => PasswordPolicy::parse(&json)
                    .map_err(|reason| SettingsError::new("password_policy", reason))?,
                None => PasswordPolicy::default(),
            },
            hashing: HashingOptions {
                memory_kib: parse("password_memory_kib", memory, 19_456)?,
                iterations: parse("password_iterations", iterations, 2)?,
                parallelism: parse("password_parallelism", parallelism, 1)?,
                workers: parse("password_workers", workers, cores)?,
                queue: parse("password_queue", queue, 128)?,
            },
            token_hours: parse("token_hours", token_hours, 24)?,
            at_least_patience_ms: parse("at_least_patience_ms", patience, 1_000)?,
            stale_after_ms: parse("stale_after_ms", stale_after, 5_000)?,
            public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()),
            log: log.unwrap_or_else(|| "info".to_owned()),
        };
        settings.check()
    }

    fn check(self) -> Result<Self, SettingsError> {
        if let Some(url) = &self.database_url
            && !(url.starts_with("postgres://") || url.starts_with("postgresql://"))
        {
            let reason = "must be postgres://…; without it, SQLite in data_dir is used";
            return Err(SettingsError::new("database_url", reason));
        }
        if self.public_url.as_deref().is_some_and(|url| !is_base_url(url)) {
            let reason = "must be http:// or https:// and a host, without query or fragment";
            return Err(SettingsError::new("public_url", reason));
        }
        if !(1..=MOST_CONNECTIONS).contains(&self.connections) {
            return Err(SettingsError::new("connections", "must be from 1 to 1000000"));
        }
        if self.head_patience_ms < 100 {
            return Err(SettingsError::new("head_patience_ms", "must be at least 100"));
        }
        if self.database_connections < 4 {
            return Err(SettingsError::new("database_connections", "must be at least 4"));
        }
        if !(1..=MOST_TOKEN_HOURS).contains(&self.token_hours) {
            return Err(SettingsError::new("token_hours", "must be from 1 to 1000000"));
        }
        // A node that looks in time must not take itself for one that does not, only because a look took a while.
        let least = 2 * LOOK_EVERY.as_millis();
        if u128::from(self.stale_after_ms) < least {
            let reason = format!("must be at least {least}: twice the time between two looks at the ledger");
            return Err(SettingsError::new("stale_after_ms", reason));
        }
        if let Some(password) = &self.admin_password {
            self.password_policy
                .check(password)
                .map_err(|reason| SettingsError::new("admin_password", reason))?;
        }
        Ok(self)
    }

    /// Where the database is: the URL, or SQLite's file in the data folder.
    pub fn database(&self) -> Zeroizing<String> {
        match &self.database_url {
            Some(url) => url.clone(),
            None => Zeroizing::new(format!("sqlite:{}", self.data_dir.join("muniment.db").display())),
        }
    }
}

/// Whether paths can be put behind a URL.
fn is_base_url(url: &str) -> bool {
    url.parse::<axum::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none() && !url.contains('#')
    })
}

fn text_of(value: toml::Value) -> String {
    match value {
        toml::Value::String(text) => text,
        toml::Value::Table(_) => serde_json::to_string(&value).unwrap_or_default(),
        other => other.to_string(),
    }
}

fn parse<T: std::str::FromStr>(name: &str, text: Option<String>, default: T) -> Result<T, SettingsError>
where
    T::Err: std::fmt::Display,
{
    text.map_or(Ok(default), |text| {
        text.parse().map_err(|error| SettingsError::new(name, error))
    })
}

fn describe(error: &toml::de::Error, file: &str) -> String {
    let line = error.span().map_or(0, |span| {
        file[..span.start.min(file.len())].matches('\n').count() + 1
    });
    let unknown = error.message().starts_with("unknown field");
    format!(
        "line {line}: {}",
        if unknown {
            error.message()
        } else {
            "not valid TOML, or a value of the wrong kind"
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables = variables
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        Settings::from(file, variables).map_err(|error| error.to_string())
    }

    #[test]
    fn without_settings_it_is_sqlite_on_loopback() {
        let settings = read("", &[]).unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.database().as_str(), "sqlite:muniment-data/muniment.db");
    }

    #[test]
    fn variables_win_over_the_file() {
        let file = "listen = \"127.0.0.1:1\"\ntoken_hours = 2\n[password_policy]\nmin = 9\n";
        let settings = read(file, &[("MUNIMENT_LISTEN", "127.0.0.1:0")]).unwrap();
        assert_eq!(settings.listen.port(), 0);
        assert_eq!(settings.token_hours, 2);
        assert_eq!(settings.password_policy.min, 9);
    }

    #[test]
    fn mistakes_are_refused_and_named() {
        for (name, value) in [
            ("MUNIMENT_LISTEN", "nowhere"),
            ("MUNIMENT_DATABASE_URL", "mysql://x"),
            ("MUNIMENT_PASSWORD_POLICY", "{\"min\":\"x\"}"),
            ("MUNIMENT_TOKEN_HOURS", "0"),
            ("MUNIMENT_STALE_AFTER_MS", "499"),
            ("MUNIMENT_CONNECTIONS", "0"),
            ("MUNIMENT_HEAD_PATIENCE_MS", "99"),
            ("MUNIMENT_PUBLIC_URL", "muniment.example.com"),
            ("MUNIMENT_PUBLIC_URL", "https://muniment.example.com/?a"),
            ("MUNIMENT_ADMIN_PASSWORD", "1234"),
            ("MUNIMENT_LISTN", "127.0.0.1:0"),
        ] {
            let error = read("", &[(name, value)])
                .err()
                .unwrap_or_else(|| panic!("{name} was accepted"));
            let setting = name.trim_start_matches("MUNIMENT_").to_lowercase();
            assert!(error.to_lowercase().contains(&setting), "{error}");
        }
        let error = read("admin_password = \"swordfish\"\nadmin_pasword = \"x\"", &[])
            .err()
            .unwrap();
        assert!(
            error.contains("line 2") && error.contains("admin_pasword"),
            "{error}"
        );
        assert!(
            !read("admin_password = swordfish", &[])
                .err()
                .unwrap()
                .contains("swordfish")
        );
    }
}
