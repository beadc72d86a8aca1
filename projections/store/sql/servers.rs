//! Postgres on several servers, of which one accepts writes.
//!
//! `DATABASE_URL` may name several servers. Only the one that accepts writes is used. If there are several, a task asks each of them again
//! and again ([`super::primary`]). Once another one has become the primary, new connections go there, and [`Server`] tells those who keep a
//! connection.

use std::{mem, str::FromStr as _, sync::Arc, time::Duration};

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{
    Db, Error,
    primary::{Decision, Said, ask_all, name, next},
};

/// How long the connections of a pool that is not used any more may take to end. Then they are dropped.
const FAREWELL: Duration = Duration::from_secs(5);

/// The pool of connections to the server that accepts writes.
#[derive(Clone, Debug)]
pub struct Servers {
    used: Arc<watch::Sender<Used>>,
    /// Looks for the primary, if there are several servers.
    search: Option<Arc<Search>>,
}

/// What is used now.
#[derive(Clone, Debug)]
struct Used {
    server: Server,
    pool: PgPool,
}

/// The task that looks for the primary. It ends with the last [`Servers`].
#[derive(Debug)]
struct Search(JoinHandle<()>);

impl Drop for Search {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A server. Two values differ if another server has become the primary meanwhile, or may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server(u64);

impl Servers {
    /// The pool of connections to the server that is used now.
    pub fn pool(&self) -> PgPool {
        self.used.borrow().pool.clone()
    }

    /// One server, which stays the only one.
    pub fn only(pool: PgPool) -> Self {
        let server = Server(0);
        Self {
            used: Arc::new(watch::Sender::new(Used { server, pool })),
            search: None,
        }
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
        let decision = Decision::new(all.len());
        let mut chosen = decision.chosen();
        let found = tokio::select! {
            () = ask_all(&all, &decision) => None,
            found = next(&mut chosen) => Some(found),
            () = sleep(pool.get_acquire_timeout()) => None,
        };
        let found = found.and_then(|found| all.get(found));
        let options = found
            .cloned()
            .ok_or_else(|| nobody_writes(&all, &decision.said()))?;
        let mut servers = Self::only(pool.connect_with(options).await?);
        let used = Arc::clone(&servers.used);
        let search = async move {
            let moving = async {
                loop {
                    let Some(options) = all.get(next(&mut chosen).await) else {
                        continue;
                    };
                    use_new_connections(&used, Some(options));
                    tracing::warn!(server = name(options), "another server is the primary now");
                }
            };
            tokio::select! {
                () = ask_all(&all, &decision) => {}
                () = moving => {}
            }
        };
        servers.search = Some(Arc::new(Search(tokio::spawn(search))));
        Ok(servers)
    }

    /// The server that is used now, and the pool of connections to it.
    pub(super) fn current(&self) -> (Server, PgPool) {
        let used = self.used.borrow();
        (used.server, used.pool.clone())
    }

    pub(super) fn server(&self) -> Server {
        self.used.borrow().server
    }

    /// Returns once another server is the primary.
    async fn moved_from(&self, server: Server) {
        let mut used = self.used.subscribe();
        if used.wait_for(|used| used.server != server).await.is_err() {
            // Nobody can move any more.
            std::future::pending::<()>().await;
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

    /// Ends the search for the primary, and closes all connections of the pool.
    pub(super) async fn close(&self) {
        if let Some(search) = &self.search {
            search.0.abort();
        }
        self.pool().close().await;
    }
}

/// Lets everybody connect again, to the server with these options or to the same one. What still waits for an answer on an old connection gets
/// an error. The old pool is not waited for: a server that has gone may never answer, and its connections must not take the place of others.
fn use_new_connections(used: &watch::Sender<Used>, to: Option<&PgConnectOptions>) {
    let mut old = None;
    used.send_if_modified(|used| {
        if used.pool.is_closed() {
            return false;
        }
        let same = || used.pool.connect_options().as_ref().clone();
        let options = to.cloned().unwrap_or_else(same);
        let pool = used.pool.options().clone().connect_lazy_with(options);
        let Server(number) = used.server;
        used.server = Server(number + 1);
        old = Some(mem::replace(&mut used.pool, pool));
        true
    });
    if let Some(old) = old {
        tokio::spawn(async move {
            let _ = timeout(FAREWELL, old.close()).await;
        });
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

    /// Lets everybody connect again, because the connections may go to a server that is not the primary any more.
    pub fn connect_again(&self) {
        if let Self::Postgres(servers) = self {
            use_new_connections(&servers.used, None);
        }
    }

    /// Notes that a connection to `server` was opened whose commits prove what others read. An address may lead to another server than
    /// before (a name, a proxy). So with one address, everybody else connects again, after this connection. Returns its server.
    pub(super) fn leads_to(&self, server: Server) -> Server {
        match self {
            Self::Postgres(servers) if servers.search.is_none() => {
                use_new_connections(&servers.used, None);
                servers.server()
            }
            Self::Postgres(_) | Self::Sqlite { .. } => server,
        }
    }

    /// What `work` returns, or an error if another server becomes the primary meanwhile: the old one may never answer.
    pub(super) async fn unless_moved<T>(
        &self,
        server: Server,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match self {
            Self::Postgres(servers) => servers.unless_moved(server, work).await,
            Self::Sqlite { .. } => work.await,
        }
    }
}

/// The error of what was asked on a connection that is not used any more.
pub(super) fn moved() -> Error {
    std::io::Error::new(
        std::io::ErrorKind::ConnectionAborted,
        "this connection is not used any more: the database did not answer, or another server may be the primary",
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
