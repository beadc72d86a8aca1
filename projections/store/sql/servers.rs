//! Postgres on several servers, of which one accepts writes.
//!
//! `DATABASE_URL` may name several servers. Only the one that accepts writes is used. If there are several, a task asks each of them again
//! and again ([`super::primary`]). Once another one has become the primary, new connections go there, and [`Server`] tells those who keep a
//! connection.

use std::{
    str::FromStr as _,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use sqlx::{
    Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{sync::watch, time::sleep};

use super::{
    Db, Error,
    primary::{Decision, Said, ask_all, name, next},
};

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
        let mut chosen = decision.chosen();
        let found = tokio::select! {
            () = ask_all(&all, &decision) => None,
            found = next(&mut chosen) => Some(found),
            () = sleep(pool.get_acquire_timeout()) => None,
        };
        let found = found.and_then(|found| all.get(found));
        let options = found.cloned().ok_or_else(|| nobody_writes(&all, &decision.said()))?;
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

fn nobody_writes(servers: &[PgConnectOptions], said: &[Option<Said>]) -> Error {
    let each = servers.iter().zip(said).map(|(server, said)| match said {
        Some(said) => format!("{} {said}", name(server)),
        None => format!("{} does not answer in time", name(server)),
    });
    let each: Vec<String> = each.collect();
    let text = format!(
        "none of the servers in DATABASE_URL accepts writes: {}",
        each.join("; ")
    );
    Error::Configuration(text.into())
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
}
