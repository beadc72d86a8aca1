//! Settings: one TOML file (`MUNIMENT_CONFIG`, or `muniment.toml` in the working directory if it exists), and
//! `MUNIMENT_` variables, which win over the file.
//!
//! Each setting is declared once, below. A face declares its own settings in its value. The README's table equals the
//! declarations.

mod declared;
mod read;
mod source;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use aggregates::user::second_factor::Limit;
use ledger::{Keeping, LOOK_EVERY};
use zeroize::Zeroizing;

use self::{
    declared::settings,
    read::{at_least, base_url, between, long_secret, loopback, parsed, postgres_url, secret, short},
    source::Values,
};
use crate::{
    address::Proxies,
    browsers::Origins,
    granting::Granting,
    heavy::Bounds,
    identity::passwords::{
        HashingOptions, blocklist::Blocklist, policy::PasswordPolicy, rules::PasswordRules,
    },
    kicks::Brokers,
    mail::Mailer,
};

pub use declared::{Fallback, Setting};

/// The longest time that a token may be valid, in hours.
pub const MOST_TOKEN_HOURS: i64 = 1_000_000;
/// The most wrong codes that the settings may allow. With more, a code of six digits would soon be guessed.
const MOST_WRONG_CODES: u32 = 100;
/// The longest ban after too many wrong codes, in minutes.
const MOST_BAN_MINUTES: u64 = 60 * 24 * 365;
/// The longest name of an issuer of codes, in bytes: it is part of a QR code.
const MOST_ISSUER: usize = 64;
/// The longest time that a certificate may be valid, in days.
const MOST_CERTIFICATE_DAYS: u64 = 3_650;
/// The longest time that an OCSP answer may be used again, in seconds: then the server's own answers end.
const MOST_OCSP_AGE: u64 = 3_600;
/// The longest time that refusals may be kept, in days.
const MOST_DAYS: i64 = 36_500;
/// The most passwords that the settings may let wait. Nobody waits for so many hashes.
const MOST_PASSWORDS: usize = 4_096;
/// The most passwords of a user that the server knows.
const MOST_PASSWORDS_KNOWN: usize = aggregates::user::MOST_PASSWORDS;
/// The greatest strength of a password.
const MOST_STRENGTH: u8 = 4;
/// The most days that the settings may let an API key be valid: a hundred years.
const MOST_API_KEY_DAYS: i64 = 36_500;
/// The most days that the settings may let a licence file count: a hundred years.
const MOST_LICENCE_FILE_DAYS: i64 = 36_500;
/// The most heavy questions that the settings may allow to run. Each has a thread, of which the process has at most 512.
const MOST_HEAVY: usize = 128;
/// The most heavy questions of one caller that the settings may let wait.
const MOST_WAITING: usize = 1_000;
/// The highest limit of pending registrations.
const MOST_PENDING: i64 = 1_000_000;
/// All callers together may have as many waiting heavy questions as this many callers with full queues.
const CALLERS: usize = 16;
/// How long a password that a caller sets may wait to be hashed.
const NEW_PASSWORD_PATIENCE: Duration = Duration::from_secs(30);
/// The highest limit of connections.
const MOST_CONNECTIONS: usize = 1_000_000;
/// The least and the most that the settings allow for the body of a hook with a message, in bytes.
const LEAST_HOOK_BODY: usize = 64 << 10;
const MOST_HOOK_BODY: usize = 64 << 20;
/// The least length of the secret of the hooks, in characters.
const LEAST_SECRET: usize = 16;
/// A shorter bound would make a healthy node call itself stale, only because one read of the ledger took long.
const LEAST_STALE_AFTER_MS: u64 = 2 * LOOK_EVERY.as_millis() as u64;

/// A setting is invalid or unknown.
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

/// The URL of an SMTP server.
fn smtp_url(text: &str) -> Result<Zeroizing<String>, String> {
    Mailer::check_url(text)?;
    secret(text)
}

settings! {
    with_default {
        /// The address to listen on. With port 0 the system chooses a port
        listen: SocketAddr = "127.0.0.1:8080", parsed;
        /// How many clients may be connected at the same time. If one more comes, the server closes an idle connection of the address that
        /// has most, or answers 503 `busy`. The process' limit of file descriptors applies, too
        connections: usize = "10000", |text| between(text, 1, MOST_CONNECTIONS);
        /// Milliseconds that a connection may wait for the whole head of a request. Then the server closes it
        head_patience_ms: u64 = "30000", |text| at_least(text, 100, "");
        /// Milliseconds that the whole body of a request may take to arrive. Then the server answers 408
        body_patience_ms: u64 = "30000", |text| at_least(text, 100, "");
        /// How many connections the pool of the database has. Background tasks, such as the appender, open a few more
        database_connections: u32 = "10", |text| at_least(text, 4, "");
        /// The folder of the keys and of SQLite's file
        data_dir: PathBuf = "muniment-data", parsed;
        /// The sender of mails
        mail_from: String = "muniment@localhost", Mailer::check_address;
        /// The least numbers of characters in a password: `min` (in all), `lower`, `upper`, `numeric`, `symbol`
        password_policy: PasswordPolicy = r#"{"min":5}"#, PasswordPolicy::parse;
        /// How hard a new password must be to guess, from 0 (anything goes) to 4, as zxcvbn judges its first 32 characters
        password_strength: u8 = "0", |text| between(text, 0, MOST_STRENGTH);
        /// How many of their last passwords users may not choose again, with the present one. At most 24. An administrator may set any of them
        password_history: usize = "0", |text| between(text, 0, MOST_PASSWORDS_KNOWN);
        /// KiB of memory for a hash (argon2id's m). A raised cost takes effect at a user's next login
        password_memory_kib: u32 = "19456", parsed;
        /// Iterations for a hash (t)
        password_iterations: u32 = "2", parsed;
        /// Lanes for a hash (p)
        password_parallelism: u32 = "1", parsed;
        /// How many logins may wait for their turn, and how many requests of one caller that set a password. If one more comes, the server
        /// answers one of them with 429. At most 4096
        password_queue: usize = "128", |text| between(text, 1, MOST_PASSWORDS);
        /// How many heavy questions of one caller may wait for their turns: lists, searches, changes, explanations, rehearsals, questions
        /// about the past, and long lists of questions. The server answers further ones with 429
        heavy_queue: usize = "64", |text| between(text, 1, MOST_WAITING);
        /// Milliseconds that a heavy question may wait for its turn. Then the server answers 429
        heavy_patience_ms: u64 = "10000", |text| at_least(text, 100, "");
        /// How many wrong codes of a second factor are too many. They are counted only after a right password, until a right code
        mfa_max_invalid_otps: u32 = "5", |text| between(text, 1, MOST_WRONG_CODES);
        /// For how many minutes no code of a user is accepted after too many wrong ones
        mfa_ban_minutes: u64 = "5", |text| between(text, 1, MOST_BAN_MINUTES);
        /// The name of this server in the apps that show one-time codes. Changing it changes no app that has a code already
        mfa_issuer: String = "Muniment", |text| short(text, MOST_ISSUER);
        /// Hours that a token is valid if the login does not say how long
        token_hours: i64 = "24", |text| between(text, 1, MOST_TOKEN_HOURS);
        /// How many valid tokens a user may have. With more, a login is refused until one of them is revoked or expires. `0`: there is no
        /// bound
        sessions_most: u32 = "10000", parsed;
        /// Days that a certificate of a device is valid. It never outlives its issuer
        certificate_days: u64 = "365", |text| between(text, 1, MOST_CERTIFICATE_DAYS);
        /// For how many days after its end a device may still renew its certificate, and do nothing else with it. `0`: not at all
        certificate_grace_days: u64 = "30", |text| between(text, 0, MOST_CERTIFICATE_DAYS);
        /// Whether a renewal revokes the certificate before it: `true` or `false`. If the answer to the renewal is lost then, the device
        /// has no certificate any more
        certificate_renewal_revokes: bool = "false", parsed;
        /// For how many seconds an OCSP answer without a nonce may be used again, by this server and by caches: clients may learn of a revocation
        /// so much later. With `0`, each answer is read from the database and signed. At most 3600
        ocsp_max_age: u64 = "0", |text| between(text, 0, MOST_OCSP_AGE);
        /// What users may give others: `held` is what they hold themselves; `any` is everything, if they may use the endpoint
        granting: Granting = "held", Granting::parse;
        /// Milliseconds that a request with `Muniment-At-Least` waits for the position
        at_least_patience_ms: u64 = "1000", parsed;
        /// If a node has not read the ledger to its head for so many milliseconds, it decides nothing from memory and
        /// answers 503 `stale`. At least 500
        stale_after_ms: u64 = "5000",
            |text| at_least(text, LEAST_STALE_AFTER_MS, ": twice the time between two looks at the ledger");
        /// How many seconds the clock of a node may differ from the database's, or be behind the newest event. Beyond that, the node
        /// writes nothing and answers 503 `clock`, also on `/readyz`, until the clocks are right
        clock_bound_s: u64 = "60", |text| at_least(text, 1, "");
        /// How many connections of brokers the server takes at the same time on `HOOKS_LISTEN`
        hooks_connections: usize = "1000", |text| between(text, 1, MOST_CONNECTIONS);
        /// The largest body of a hook that carries a message (VerneMQ's `auth_on_publish`), in bytes. The server refuses larger messages.
        /// Bodies of other hooks may have 64 KiB
        hooks_body_bytes: usize = "1048576", |text| between(text, LEAST_HOOK_BODY, MOST_HOOK_BODY);
        /// Whether the brokers verify client certificates, so that a client without a password may connect under the name in its
        /// certificate: `true` or `false`
        hooks_certificates: bool = "false", parsed;
        /// The only virtual host of RabbitMQ in which users have rights
        hooks_rabbitmq_vhost: String = "/", parsed;
        /// For how many days refused logins, credentials and permissions are kept for auditors
        audit_refusals_days: i64 = "365", |text| between(text, 1, MOST_DAYS);
        /// How many rows of refusals are kept at most. The oldest are deleted first; half of the rows are for callers who proved who they are
        audit_refusals_most: i64 = "1000000", |text| at_least(text, 1000, "");
        /// For how many days the names and addresses in refusals can be read. Then their key is deleted
        audit_names_days: i64 = "30", |text| between(text, 1, MOST_DAYS);
        /// After how many days a licence file ends, unless the licence ends before
        licence_file_days: i64 = "90", |text| between(text, 1, MOST_LICENCE_FILE_DAYS);
        /// How many registrations of devices may be pending. The limit applies from the next opening of the registry
        registry_pending_most: i64 = "10000", |text| between(text, 1, MOST_PENDING);
        /// After how many minutes a registration that nobody confirmed expires
        registry_pending_minutes: i64 = "1440", |text| between(text, 1, MOST_DAYS * 24 * 60);
        /// How many registrations one address may send in a minute. The server answers further ones with 429
        registry_requests_per_minute: u32 = "600", |text| at_least(text, 1, "");
        /// Which messages the server logs on stderr, as levels of targets: `info,ledger=debug`
        log: String = "info", parsed;
    }
    optional {
        /// `postgres://user@host/database`. Several servers are named as `postgres://user@one,two:5433/database`: the one that accepts writes is used
        database_url: Zeroizing<String>, else "SQLite in the data folder", postgres_url;
        /// The password of `admin`. It is used at the first start only
        admin_password: Zeroizing<String>, else "generated", secret;
        /// A file of passwords that nobody may set: one in each line, or `SHA1:count` as in the list of Have I Been Pwned that is ordered by
        /// hash. Sorted by bytes (`LC_ALL=C sort -u`). SIGHUP opens it again
        password_blocklist: PathBuf, else "none", parsed;
        /// For how many days a password is good. Whoever logs in with an older one must change it first. Not for users that a service made,
        /// registered devices and brokers
        password_days_most: i64, else "no bound", |text| between(text, 1, MOST_DAYS);
        /// The key that seals the ledger: 32 bytes in base64
        sealing_key: Zeroizing<String>, else "`sealing.key` in the data folder", secret;
        /// The key that signs tokens: Ed25519 in PKCS #8 PEM
        signing_key: Zeroizing<String>, else "`signing.pem` in the data folder", secret;
        /// The address on which brokers ask who may connect, publish and subscribe. A port alone means the loopback address.
        /// Nothing else but health answers there
        hooks_listen: SocketAddr, else "off", loopback;
        /// The secret by which brokers prove that they ask: at least 16 characters. `HOOKS_LISTEN` needs it
        hooks_secret: Zeroizing<String>, else "none", |text| long_secret(text, LEAST_SECRET);
        /// The address on which clients reach the server over TLS, besides `LISTEN`
        tls_listen: SocketAddr, else "off", parsed;
        /// The certificate of the server for TLS, with the certificates of its issuers, in PEM. SIGHUP reads it again
        tls_certificate: PathBuf, else "one of the server's own authority", parsed;
        /// The key of this certificate, in PEM
        tls_key: PathBuf, else "none", parsed;
        /// Threads that hash passwords
        password_workers: usize, else "one per core", parsed;
        /// How many heavy questions are answered at the same time, at most 128
        heavy_workers: usize, else "half of the cores, at least one", |text| between(text, 1, MOST_HEAVY);
        /// The most hours that a token is valid, whatever the login says. Tokens issued before keep their end
        token_hours_most: i64, else "no bound", |text| between(text, 1, MOST_TOKEN_HOURS);
        /// The most days that a new API key is valid. With a bound, keys without an end are refused
        api_key_days_most: i64, else "no bound", |text| between(text, 1, MOST_API_KEY_DAYS);
        /// The URL at which clients reach the server, e.g. `https://id.example.com`
        public_url: String, else "the address at which a request arrives; for AuthZEN the host that it names", base_url;
        /// The origins of other sites whose pages may use the server in a browser (CORS), separated by commas: `https://app.example.com`.
        /// `*` means every site
        cors_origins: Origins, else "none", Origins::parse;
        /// The SMTP server that sends mails, e.g. `smtps://user:password@mail.example.com` or `smtp://mail.example.com:587?tls=required`
        smtp_url: Zeroizing<String>, else "mails are files in the folder `outbox` of the data folder", smtp_url;
        /// The brokers whose clients must lose their sessions when their rights get less: a JSON list of `kind` (`rabbitmq`, `vernemq`,
        /// `emqx` or `mosquitto`), `url`, `username` and `password`
        brokers: Brokers, else "none", Brokers::parse;
        /// The certificates of the authorities that brokers with an `https` URL have theirs from, in PEM
        brokers_ca: PathBuf, else "those that the system trusts", parsed;
        /// The proxies before the server, as addresses and networks separated by commas: `10.0.0.0/8, ::1`. The server believes only
        /// their `X-Forwarded-For`. Without this setting, all clients of a proxy count as one address
        trusted_proxies: Proxies, else "none", Proxies::parse;
    }
}

impl Settings {
    /// Reads the file and the variables of the process, including the settings that faces declare.
    pub fn read(of_faces: impl Iterator<Item = &'static Setting>) -> Result<Self, SettingsError> {
        let (file, variables) = source::of_process()?;
        Self::from(&file, variables, of_faces)
    }

    /// Reads the settings from the text of a file and from variables.
    pub fn from(
        file: &str,
        variables: BTreeMap<String, String>,
        of_faces: impl Iterator<Item = &'static Setting>,
    ) -> Result<Self, SettingsError> {
        let of_faces: Vec<&Setting> = of_faces.collect();
        let mut values = Values::of(file, variables)?;
        values.refuse_unknown(SETTINGS.iter().chain(of_faces.iter().copied()))?;
        let mut settings = Self::take(&mut values)?;
        for setting in of_faces {
            let text = values.take(setting.name);
            if let Some(text) = text.or(setting.default.value().map(str::to_owned)) {
                (setting.check)(&text).map_err(|reason| SettingsError::new(setting.name, reason))?;
                settings.of_faces.insert(setting.name, text);
            }
        }
        if settings.hooks_listen.is_some() && settings.hooks_secret.is_none() {
            return Err(SettingsError::new("hooks_secret", "hooks_listen needs it"));
        }
        if settings.tls_certificate.is_some() != settings.tls_key.is_some() {
            return Err(SettingsError::new(
                "tls_certificate",
                "tls_certificate and tls_key belong together",
            ));
        }
        Ok(settings)
    }

    /// The text of a setting that a face declares; `None` if it is not set and has no default.
    pub fn of_face(&self, setting: &Setting) -> Option<&str> {
        self.of_faces.get(setting.name).map(String::as_str)
    }

    /// The cost of a password's hash, and how many hashes are made at the same time.
    pub fn hashing(&self) -> HashingOptions {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        HashingOptions {
            memory_kib: self.password_memory_kib,
            iterations: self.password_iterations,
            parallelism: self.password_parallelism,
            workers: self.password_workers.unwrap_or_else(cores),
            queue: self.password_queue,
        }
    }

    /// The rules for new passwords. Opens the blocklist and checks it, which reads a file.
    pub fn password_rules(&self) -> Result<Arc<PasswordRules>, SettingsError> {
        let blocklist = self.password_blocklist.as_deref().map(Blocklist::open);
        let blocklist = blocklist.transpose();
        Ok(Arc::new(PasswordRules {
            policy: self.password_policy,
            strength: self.password_strength,
            history: self.password_history,
            blocklist: blocklist.map_err(|error| SettingsError::new("password_blocklist", error))?,
        }))
    }

    /// How many wrong codes are too many.
    pub(crate) fn wrong_codes(&self) -> Limit {
        Limit {
            wrong_codes: self.mfa_max_invalid_otps,
            ban: Duration::from_secs(60 * self.mfa_ban_minutes),
        }
    }

    /// How long refusals are kept.
    pub fn keeping(&self) -> Keeping {
        Keeping {
            days: self.audit_refusals_days,
            most: self.audit_refusals_most,
            names_days: self.audit_names_days,
        }
    }

    /// How many heavy questions may run and wait.
    pub(crate) fn heavy(&self) -> Bounds {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Bounds {
            running: self.heavy_workers.unwrap_or_else(|| (cores / 2).max(1)),
            waiting_of_one: self.heavy_queue,
            waiting: self.heavy_queue * CALLERS,
            patience: Duration::from_millis(self.heavy_patience_ms),
            busy: "too many heavy questions are being answered; try again later",
        }
    }

    /// How many passwords that callers set may be hashed at the same time, and how many may wait.
    pub(crate) fn new_passwords(&self) -> Bounds {
        let HashingOptions { workers, queue, .. } = self.hashing();
        Bounds {
            // So logins always have most of the threads.
            running: (workers / 2).max(1),
            waiting_of_one: queue,
            waiting: queue.saturating_mul(CALLERS),
            patience: NEW_PASSWORD_PATIENCE,
            busy: "too many passwords are being hashed; try again later",
        }
    }

    /// The place of the database: the URL, or SQLite's file in the data folder.
    pub fn database(&self) -> Zeroizing<String> {
        match &self.database_url {
            Some(url) => url.clone(),
            None => Zeroizing::new(format!("sqlite:{}", self.data_dir.join("muniment.db").display())),
        }
    }
}

#[cfg(test)]
mod tests;
