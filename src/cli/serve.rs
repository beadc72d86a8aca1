//! `muniment serve`

use std::{process::ExitCode, sync::Arc, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{Mutex, watch},
    task::{JoinHandle, JoinSet, spawn_blocking},
};

use super::{
    CliError, authority,
    certificate::Certificate,
    kicks::said_of_removed,
    listeners::{self, Listeners},
    lock, make_private, open_database, open_ledger, say,
};
use crate::{faces::FACES, telemetry};
use ledger::{
    Concern, Durability, Executor, Ledger, OtherVersions, Signer, WithCauses, clock::SystemClock,
    ids::SystemEntropy, keep_running, migrations,
};
use projections::sql::Db;
use server::{
    Live,
    app::{App, Parts},
    bootstrap,
    identity::{
        keep_clearing, keys, look_for_clearings, passwords::Passwords, recall_logins, tokens::Tokens,
    },
    kicks::{keep_ending_sessions, removed},
    organisations::keep_expiring,
    registry::keep_ending_expired,
    settings::Settings,
};

/// How often expired sessions are dropped from memory, and how often the log says which way batches went.
const EVERY: Duration = Duration::from_secs(60);
/// How often a node that writes nothing proves within the bound of freshness that its database takes writes.
const BEATS: u64 = 4;
/// How long it rests at most. It then also compares the clocks.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// How long running requests may take after SIGTERM.
const DRAIN: Duration = Duration::from_secs(20);

/// Says if acknowledged writes can be lost.
async fn warn_of_losses(db: &Db) -> Result<(), CliError> {
    let concerns = Durability::of(db).await?.map(|of| of.concerns());
    for concern in concerns.unwrap_or_default() {
        match concern {
            Concern::Loses(text) => tracing::warn!("database: {text}"),
            // Many ledgers are on one machine on purpose.
            Concern::Lacks(text) => tracing::info!("database: {text}"),
        }
    }
    Ok(())
}

/// Warns if the certificate authority expires soon.
async fn warn_of_the_end(app: &App) {
    match authority::lasts(app.issuing(), app.settings.certificate_days, app.clock.now()).await {
        Ok(None | Some(Ok(_))) => {}
        Ok(Some(Err(soon))) => tracing::warn!("certificate authority: {soon}"),
        Err(error) => tracing::warn!(error = %WithCauses(&error), "cannot read the certificate authority"),
    }
}

/// Warns if the database keeps something for brokers that are not in the settings.
async fn warn_of_removed_brokers(app: &App) {
    match removed(app.ledger().db(), app.settings.brokers.as_ref()).await {
        Ok(kept) if kept.is_empty() => {}
        Ok(kept) => tracing::warn!("{}", said_of_removed(&kept)),
        Err(error) => tracing::warn!(error = %WithCauses(&error), "cannot read what is kept for brokers"),
    }
}

/// Runs the server until SIGTERM or SIGINT.
pub(crate) async fn run(settings: Settings) -> Result<ExitCode, CliError> {
    // From here on, SIGHUP does not end the process.
    let hangup = signal(SignalKind::hangup())?;
    make_private(&settings.data_dir)?;
    allow_many_files();
    let _lock = settings
        .database_url
        .is_none()
        .then(|| lock::take(&settings.data_dir))
        .transpose()?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let passwords = Passwords::start(settings.hashing(), entropy.clone()).map_err(CliError::Other)?;
    let password_rules = settings.password_rules()?;
    let signing = keys::signing_key(
        settings.signing_key.as_ref().map(|key| key.as_str()),
        &settings.data_dir,
        entropy.as_ref(),
    )?;
    let db = open_database(&settings).await?;
    warn_of_losses(&db).await?;
    migrations::migrate(&db).await?;
    let ledger = open_ledger(&settings, db).await?;
    let tokens = Tokens::new(ledger.id(), &signing).map_err(|error| CliError::Other(error.to_string()))?;
    let (key_id, public_key) = tokens.public();
    let signer = Signer { key_id, public_key };
    ledger.admit_signer(signer, clock.as_ref()).await?;
    let executor = Executor::new(ledger.clone());
    let generated = bootstrap::first_start(
        &executor,
        FACES,
        &passwords,
        &password_rules,
        entropy.as_ref(),
        settings.admin_password.as_ref(),
    )
    .await?;
    if let Some(password) = generated {
        say(&format!(
            "first start: user admin, password {} (shown only once)",
            password.as_str()
        ));
    }
    let follower = tokio::spawn(Arc::clone(ledger.follower()).run());
    start_background(&ledger, &settings);
    let listeners = Listeners::bind(&settings).await?;
    let hashing = passwords.clone();
    let app = App::new(Parts {
        faces: FACES,
        settings,
        password_rules,
        executor,
        passwords,
        tokens,
        clock,
        entropy,
    });
    let certificate = listeners.certificate(&app).await?;
    warn_of_the_end(&app).await;
    warn_of_removed_brokers(&app).await;
    keep_up_to_date(&app, hangup, certificate.clone()).await?;
    let signals = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let (stop, stopped) = watch::channel(());
    let mut servers = listeners.serve(&app, certificate.as_deref(), &stopped)?;
    let code = until_the_end(signals, &ledger, follower, &mut servers).await?;
    tracing::info!("stopping: accepting no new requests, finishing the running requests");
    drop(stop);
    match tokio::time::timeout(DRAIN, listeners::ended(servers)).await {
        Ok(ended) => ended?,
        Err(_) => tracing::warn!("some requests took too long and were cut off"),
    }
    if tokio::time::timeout(DRAIN, ledger.close()).await.is_err() {
        tracing::warn!("the database connections could not be closed in time");
    }
    tracing::info!(batches = %ledger.paths(), hashes = hashing.runs(), "stopped");
    Ok(code)
}

/// Starts the tasks that run beside the requests.
fn start_background(ledger: &Ledger, settings: &Settings) {
    let each_minute = {
        let ledger = ledger.clone();
        move || each_minute(ledger.clone())
    };
    keep_running("each minute", each_minute);
    let heartbeat = Arc::clone(ledger.heartbeat());
    let every = Duration::from_millis(settings.stale_after_ms / BEATS).min(LONGEST_REST);
    let follower = Arc::clone(ledger.follower());
    keep_running("heartbeat", move || {
        Arc::clone(&heartbeat).run(every, Arc::clone(&follower))
    });
    let (refusals, keeping) = (Arc::clone(ledger.refusals()), settings.keeping());
    keep_running("refusals", move || Arc::clone(&refusals).run(keeping));
    let key_uses = Arc::clone(ledger.key_uses());
    keep_running("uses of API keys", move || Arc::clone(&key_uses).run());
}

/// Waits until the server must stop, and returns the exit code. An error means that it must stop at once.
async fn until_the_end(
    [mut terminate, mut interrupt]: [Signal; 2],
    ledger: &Ledger,
    follower: JoinHandle<OtherVersions>,
    servers: &mut JoinSet<()>,
) -> Result<ExitCode, CliError> {
    tokio::select! {
        _ = terminate.recv() => Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => Ok(ExitCode::SUCCESS),
        // Without them this node can write nothing, or sees nothing that other nodes write: it must be started again.
        () = ledger.appender_gone() => Err(CliError::Other("the appender ended".to_owned())),
        () = ledger.loader_gone() => Err(CliError::Other("the loader of streams ended".to_owned())),
        _ = servers.join_next() => Err(CliError::Other("a task that accepts connections ended".to_owned())),
        ended = follower => {
            let others = ended.map_err(|_| CliError::Other("the follower ended".to_owned()))?;
            tracing::error!(%others, "another version of the program rebuilt the read models; this one stops");
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Reads the settings again at each SIGHUP, and applies those that can change while the server runs, and the certificate of the server.
/// If a setting is invalid, or if the certificate cannot be used, all stay as they are.
async fn reload(hangup: Arc<Mutex<Signal>>, app: App, certificate: Option<Arc<Certificate>>) {
    let mut hangup = hangup.lock().await;
    while hangup.recv().await.is_some() {
        match read_again(&app, certificate.as_deref()).await {
            Ok(()) => {
                let applied = Live::NAMES.join(", ");
                tracing::info!(%applied, "read the settings again; the others than those in `applied` apply after a restart");
            }
            Err(error) => tracing::error!(%error, "cannot read the settings again; they stay as they are"),
        }
    }
}

async fn read_again(app: &App, certificate: Option<&Certificate>) -> Result<(), String> {
    let settings = Settings::read(FACES.settings()).map_err(|error| error.to_string())?;
    let made = match certificate {
        Some(certificate) => Some((certificate, certificate.make(app, &settings).await)),
        None => None,
    };
    let made = made.map(|(certificate, made)| made.map(|made| (certificate, made)));
    let made = made.transpose().map_err(|error| error.to_string())?;
    let (settings, rules) = spawn_blocking(move || settings.password_rules().map(|rules| (settings, rules)))
        .await
        .map_err(|_| "reading the blocklist of passwords failed".to_owned())?
        .map_err(|error| error.to_string())?;
    telemetry::filter_by(&settings.log)?;
    app.reload(&settings, rules);
    if let Some((certificate, made)) = made {
        certificate.replace(made);
    }
    Ok(())
}

/// Starts the tasks that read the settings again on SIGHUP, and that tell the defence of logins what the database says.
async fn keep_up_to_date(
    app: &App,
    hangup: Signal,
    certificate: Option<Arc<Certificate>>,
) -> Result<(), CliError> {
    if let Some(certificate) = certificate.clone() {
        keep_up("certificate of TLS", app, move |app| {
            Arc::clone(&certificate).keep_young(app)
        });
    }
    let hangup = Arc::new(Mutex::new(hangup));
    keep_up("reload", app, move |app| {
        reload(Arc::clone(&hangup), app, certificate.clone())
    });
    look_for_clearings(app).await?;
    keep_up("clearings", app, keep_clearing);
    keep_up("recall", app, recall);
    keep_up("expired registrations", app, keep_ending_expired);
    keep_up("expired accounts", app, keep_expiring);
    keep_ending_sessions(app)?;
    Ok(())
}

/// Keeps a task about the app running.
fn keep_up<F>(name: &'static str, app: &App, task: impl Fn(App) -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let app = app.clone();
    keep_running(name, move || task(app.clone()));
}

/// Learns from which addresses users logged in before the start. Logins need not wait for this.
async fn recall(app: App) {
    match recall_logins(&app).await {
        Ok(logins) => tracing::debug!(logins, "know from which addresses users logged in lately"),
        Err(error) => {
            tracing::warn!(error = %WithCauses(&error), "cannot read from which addresses users logged in lately");
        }
    }
}

/// Raises the limit of file descriptors to the most that the process may have. A thousand clients would use up the
/// initial limit.
fn allow_many_files() {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::warn!(%error, files = limit.current, "cannot raise the limit of file descriptors");
    }
}

/// Drops expired sessions from the authorization projection, so that it holds only valid ones in memory. Logs which way batches
/// went.
async fn each_minute(ledger: Ledger) {
    let mut every = tokio::time::interval(EVERY);
    loop {
        every.tick().await;
        if let Ok(now) = ledger.clocks().certain() {
            let forgotten = ledger.authorization().drop_expired(now);
            tracing::debug!(forgotten, "dropped expired sessions from memory");
        }
        tracing::debug!(batches = %ledger.paths(), "which way batches went since the start");
    }
}
