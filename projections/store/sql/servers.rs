//! Postgres on several servers, of which one accepts writes.
//!
//! `DATABASE_URL` may name several servers. Only the one that accepts writes is used. If there are several, a task asks each of them again
//! and again. Once another one has become the primary, new connections go there, and [`Server`] tells those who keep a connection.
//!
//! If two servers accept writes, nobody has fenced the old primary. The server with the newest timeline counts: a promotion begins a new one.

use std::{
    str::FromStr as _,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{Db, Error};

/// How often each server is asked.
const EVERY: Duration = Duration::from_millis(200);
/// How long a server is left alone at most that does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The timeline of a server that accepts writes; `NULL` if it does not.
const TIMELINE: &str = "SELECT CASE WHEN pg_is_in_recovery() OR CAST(current_setting('transaction_read_only') AS BOOLEAN) THEN NULL \
     ELSE CAST(CAST('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS BIT(32)) AS BIGINT) END";

/// The pool of connections to the server that accepts writes.
#[derive(Clone, Debug)]
pub struct Servers {
    pool: PgPool,
    /// How many times another server became the primary.
    moves: watch::Receiver<u64>,
}

/// A server. Two values differ if another server has become the primary meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server(u64);

impl Servers {
    /// The pool of connections.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// One server, which stays the only one.
    pub fn only(pool: PgPool) -> Self {
        let (_, moves) = watch::channel(0);
        Self { pool, moves }
    }

    /// Opens a pool of connections to the primary of the servers in the URL. `adjust` adds options to those of the URL.
    pub(super) async fn open(
        url: &str,
        adjust: impl Fn(PgConnectOptions) -> PgConnectOptions,
        pool: PgPoolOptions,
    ) -> Result<Self, Error> {
        let all = each_of(url)
            .iter()
            .map(|url| Ok(adjust(PgConnectOptions::from_str(url)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        let [only] = &all[..] else {
            return Self::open_several(all, pool).await;
        };
        Ok(Self::only(pool.connect_with(only.clone()).await?))
    }

    async fn open_several(all: Vec<PgConnectOptions>, pool: PgPoolOptions) -> Result<Self, Error> {
        let (moved, moves) = watch::channel(0);
        let decision = Decision::new(all.len());
        let mut chosen = decision.chosen.subscribe();
        let found = tokio::select! {
            () = ask_all(&all, &decision) => None,
            found = next(&mut chosen) => Some(found),
            () = sleep(pool.get_acquire_timeout()) => None,
        };
        let found = found.and_then(|found| all.get(found));
        let options = found.cloned().ok_or_else(nobody_writes)?;
        // When another server last became the primary. Connections that are older are closed instead of used.
        let since = Arc::new(Mutex::new(Instant::now()));
        let used = Arc::clone(&since);
        let pool = pool
            // A server that has gone may never answer, so the age comes first.
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let since = *used.lock().unwrap_or_else(PoisonError::into_inner);
                Box::pin(async move {
                    if meta.age > since.elapsed() {
                        return Ok(false);
                    }
                    connection.ping().await.map(|()| true)
                })
            })
            .connect_with(options)
            .await?;
        let used = pool.clone();
        let follow = async move {
            let moving = async {
                loop {
                    let Some(options) = all.get(next(&mut chosen).await) else {
                        continue;
                    };
                    used.set_connect_options(options.clone());
                    *since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                    moved.send_modify(|moves| *moves += 1);
                    tracing::warn!(server = name(options), "another server is the primary now");
                }
            };
            tokio::select! {
                () = used.close_event() => {}
                () = ask_all(&all, &decision) => {}
                () = moving => {}
            }
        };
        tokio::spawn(follow);
        Ok(Self { pool, moves })
    }

    pub(super) fn server(&self) -> Server {
        Server(*self.moves.borrow())
    }

    /// Returns once another server is the primary.
    async fn moved_from(&self, server: Server) {
        let mut moves = self.moves.clone();
        if moves.wait_for(|moves| Server(*moves) != server).await.is_err() {
            // There is one server only.
            std::future::pending::<()>().await;
        }
    }
}

impl Db {
    /// The server that is used now. On SQLite, there is one file.
    pub fn server(&self) -> Server {
        match self {
            Self::Postgres(servers) => servers.server(),
            Self::Sqlite { .. } => Server(0),
        }
    }

    /// Returns once another server is used than the one at `server`.
    pub async fn moved_from(&self, server: Server) {
        match self {
            Self::Postgres(servers) => servers.moved_from(server).await,
            Self::Sqlite { .. } => std::future::pending().await,
        }
    }

    /// What `work` returns, or an error if another server becomes the primary meanwhile: the old one may never answer.
    pub(super) async fn unless_moved<T>(
        &self,
        server: Server,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        tokio::select! {
            biased;
            done = work => done,
            () = self.moved_from(server) => Err(moved()),
        }
    }
}

/// The error of what was asked of a server that is not the primary any more.
pub(super) fn moved() -> Error {
    std::io::Error::new(
        std::io::ErrorKind::ConnectionAborted,
        "another server is the primary now",
    )
    .into()
}

fn nobody_writes() -> Error {
    Error::Configuration("none of the servers in DATABASE_URL accepts writes".into())
}

/// The server's name, for the log.
fn name(options: &PgConnectOptions) -> String {
    format!("{}:{}", options.get_host(), options.get_port())
}

/// The URL of each server, if `url` names several: `postgres://user@one:5432,two:5433/database`.
fn each_of(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return vec![url.to_owned()];
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let hosts = hosts.split(',').map(str::trim);
    hosts
        .map(|host| format!("{scheme}://{user}{host}{path}"))
        .collect()
}

/// Which server is the primary, by what they say.
struct Decision {
    /// The timeline of each server that accepts writes.
    timelines: Mutex<Vec<Option<i64>>>,
    /// The primary.
    chosen: watch::Sender<Option<usize>>,
}

impl Decision {
    fn new(servers: usize) -> Self {
        Self {
            timelines: Mutex::new(vec![None; servers]),
            chosen: watch::Sender::new(None),
        }
    }

    /// Notes what a server says. The primary stays the primary until another server accepts writes, and, if it accepts writes itself, the
    /// other one has a newer timeline.
    fn note(&self, server: usize, timeline: Option<i64>) {
        let mut timelines = self.timelines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = timelines.get_mut(server) {
            *known = timeline;
        }
        self.chosen.send_if_modified(|chosen| {
            let of = |server: usize| timelines.get(server).copied().flatten();
            let mut best = chosen.filter(|server| of(*server).is_some());
            for server in 0..timelines.len() {
                if of(server) > best.and_then(of) {
                    best = Some(server);
                }
            }
            best.is_some() && std::mem::replace(chosen, best) != best
        });
    }
}

/// Waits until another server is the primary than the last time.
async fn next(chosen: &mut watch::Receiver<Option<usize>>) -> usize {
    // If the sender has gone, the task ends anyway.
    while chosen.changed().await.is_ok() {
        if let Some(server) = *chosen.borrow_and_update() {
            return server;
        }
    }
    std::future::pending().await
}

/// Asks each server again and again.
async fn ask_all(servers: &[PgConnectOptions], decision: &Decision) {
    let asking = servers
        .iter()
        .enumerate()
        .map(|(number, options)| ask(options, move |timeline| decision.note(number, timeline)));
    join_all(asking).await;
}

/// Asks a server again and again, on one connection as long as it lasts.
async fn ask(options: &PgConnectOptions, note: impl Fn(Option<i64>)) {
    let mut kept = None;
    let mut pause = EVERY;
    loop {
        match timeout(PATIENCE, timeline(options, &mut kept)).await {
            Ok(Ok(timeline)) => {
                note(timeline);
                pause = EVERY;
            }
            Ok(Err(_)) | Err(_) => {
                kept = None;
                note(None);
                pause = LONGEST_PAUSE.min(2 * pause);
            }
        }
        sleep(pause).await;
    }
}

async fn timeline(options: &PgConnectOptions, kept: &mut Option<PgConnection>) -> Result<Option<i64>, Error> {
    let connection = match kept {
        Some(connection) => connection,
        None => kept.insert(options.connect().await?),
    };
    sqlx::query_scalar(TIMELINE).fetch_one(connection).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_the_user_the_database_and_the_options() {
        let one = "postgres://muniment:a,b@one:5432/muniment?sslmode=require";
        assert_eq!(each_of(one), [one]);
        let url = "postgresql://muniment:a,b@one,two:5433, [::1]:5434/muniment?sslmode=require";
        let each = [
            "postgresql://muniment:a,b@one/muniment?sslmode=require",
            "postgresql://muniment:a,b@two:5433/muniment?sslmode=require",
            "postgresql://muniment:a,b@[::1]:5434/muniment?sslmode=require",
        ];
        assert_eq!(each_of(url), each);
        assert_eq!(
            each_of("postgres://one,two"),
            ["postgres://one", "postgres://two"]
        );
    }

    #[test]
    fn the_server_that_was_promoted_last_is_the_primary() {
        let decision = Decision::new(3);
        let chosen = || *decision.chosen.borrow();
        decision.note(1, None);
        assert_eq!(chosen(), None);
        decision.note(1, Some(1));
        assert_eq!(chosen(), Some(1));
        // Nobody accepts writes, and then the same server again.
        decision.note(1, None);
        assert_eq!(chosen(), Some(1));
        decision.note(0, Some(1));
        assert_eq!(chosen(), Some(0));
        decision.note(1, Some(1));
        assert_eq!(chosen(), Some(0));
        // Nobody has fenced the old primary.
        decision.note(2, Some(2));
        assert_eq!(chosen(), Some(2));
        decision.note(0, Some(1));
        assert_eq!(chosen(), Some(2));
    }
}
