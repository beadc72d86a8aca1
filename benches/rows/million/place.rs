//! The place of the users: a Postgres database, or a data folder with SQLite.

use std::{path::PathBuf, time::Instant};

use projections::sql::{Db, Options, sql};

use super::people;
use crate::{
    context::{Bench, Result, open_ledger},
    progress,
    server::Server,
};

/// The database of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Postgres,
    Sqlite,
}

/// A filled ledger.
pub(super) struct Place {
    pub(super) engine: Engine,
    /// The URL of the database.
    pub(super) url: String,
    pub(super) users: u64,
    /// How many events per second were recorded while it was filled.
    pub(super) filled: f64,
    /// The name of the Postgres database and of the data folder.
    name: String,
    data: PathBuf,
}

impl Engine {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "Postgres",
            Self::Sqlite => "SQLite",
        }
    }
}

impl Place {
    /// Makes a new ledger with so many users.
    pub(super) async fn filled(bench: &Bench, engine: Engine, users: u64) -> Result<Self> {
        let name = format!("bench_crowd_{users}");
        let data = bench.folder.join(&name);
        let _ = std::fs::remove_dir_all(&data);
        std::fs::create_dir_all(&data)?;
        let url = match engine {
            Engine::Postgres => {
                bench.cluster.create(&name).await?;
                bench.cluster.url(&name)
            }
            Engine::Sqlite => format!("sqlite:{}", data.join("muniment.db").display()),
        };
        progress(&format!("  making {users} users on {}", engine.name()));
        let begun = Instant::now();
        let ledger = open_ledger(&url).await?;
        people::fill(&ledger, users, &bench.password_hash().await?).await?;
        let events = ledger.head().await?.position;
        ledger.close().await;
        let filled = events as f64 / begun.elapsed().as_secs_f64();
        if engine == Engine::Postgres {
            bench.cluster.settle(&name).await?;
        }
        Ok(Self {
            engine,
            url,
            users,
            filled,
            name,
            data,
        })
    }

    /// Starts a server on it.
    pub(super) async fn server(&self, bench: &Bench) -> Result<Server> {
        let url = (self.engine == Engine::Postgres).then_some(self.url.as_str());
        Server::muniment_in(bench, &self.data, url).await
    }

    /// The number that a statement returns.
    pub(super) async fn number(&self, text: &str) -> Result<i64> {
        let db = Db::open(&self.url, &Options::default()).await?;
        let row = db.optional(sql(text)).await?.ok_or("no row")?;
        let number = row.int(0)?;
        db.close().await;
        Ok(number)
    }

    /// Removes it.
    pub(super) async fn remove(self, bench: &Bench) -> Result<()> {
        if self.engine == Engine::Postgres {
            bench.cluster.drop(&self.name).await?;
        }
        Ok(std::fs::remove_dir_all(&self.data)?)
    }
}
