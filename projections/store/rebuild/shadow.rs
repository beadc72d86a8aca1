//! The shadow: the read models a second time, in a separate place.

use super::{copy::Pages, digest};
use crate::store::{
    registry::Registry,
    sql::{Alone, Db, Error, Options, Tx, sql},
    table::Table,
    writes::Merge,
};

/// On Postgres, the schema of the shadow's tables.
const SCHEMA: &str = "muniment_rebuild";

/// Read models beside the live ones, empty at first.
#[derive(Debug)]
pub struct Shadow {
    registry: Registry,
    db: Db,
    /// Held while the shadow lives, so that there is only one shadow at a time.
    alone: Option<Alone>,
}

impl Shadow {
    /// Creates the same tables as the live ones, but only with the indexes that the replay needs. First it drops what an
    /// interrupted rebuild left behind.
    ///
    /// `registry` names the read models. On Postgres, `url` must be the URL of the live database. On SQLite, it must be
    /// the URL of another file, which the caller deletes in the end.
    pub async fn create(live: &Db, url: &str, registry: Registry) -> Result<Self, Error> {
        let options = Options {
            connections: 2,
            // The live schema is not in the search path: a table that is missing here must never mean the live table.
            search_path: Some(SCHEMA.to_owned()),
            throwaway: true,
            ..Options::default()
        };
        let alone = match live {
            Db::Postgres(_) => Some(live.alone(SCHEMA).await?.ok_or_else(|| {
                Error::Configuration("another rebuild is under way on this database".into())
            })?),
            Db::Sqlite { .. } => None,
        };
        let shadow = Self {
            registry,
            db: Db::open(url, &options).await?,
            alone,
        };
        match live {
            Db::Postgres(_) => live.script(&shadow.script_for_postgres()).await?,
            Db::Sqlite { .. } => {
                let script = shadow.script_for_sqlite(live).await?;
                shadow.db.script(&script).await?;
            }
        }
        Ok(shadow)
    }

    /// The script that creates the tables. They are `UNLOGGED`: after a crash of Postgres they are empty. See
    /// [`Shadow::differing`].
    fn script_for_postgres(&self) -> String {
        let mut script = format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA};");
        for Table { name, key, .. } in self.registry.tables() {
            let key = key.join(", ");
            script.push_str(&format!(
                "CREATE UNLOGGED TABLE {SCHEMA}.{name} (LIKE {name} INCLUDING ALL EXCLUDING INDEXES, \
                 PRIMARY KEY ({key}));"
            ));
        }
        for (Table { name, .. }, columns) in self.registry.indexes_to_write() {
            script.push_str(&format!(
                "CREATE INDEX ON {SCHEMA}.{name} ({});",
                columns.join(", ")
            ));
        }
        script
    }

    /// The script that creates the tables.
    async fn script_for_sqlite(&self, live: &Db) -> Result<String, Error> {
        let mut script = String::new();
        for Table { name, .. } in self.registry.tables() {
            script.push_str(&format!("DROP TABLE IF EXISTS {name};"));
            let made = sql("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = $1");
            for row in live.all(made.bind(name)).await? {
                script.push_str(row.str(0)?);
                script.push(';');
            }
        }
        for (number, (Table { name, .. }, columns)) in self.registry.indexes_to_write().iter().enumerate() {
            let columns = columns.join(", ");
            script.push_str(&format!("CREATE INDEX shadow_{number} ON {name} ({columns});"));
        }
        Ok(script)
    }

    /// The database into which the events are replayed.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The live tables that differ from the replayed events. It is an error if Postgres has stopped since the shadow was
    /// created: its tables may then have lost rows.
    pub async fn differing(&mut self, live: &mut Tx<'_>) -> Result<Vec<Table>, Error> {
        if let Some(alone) = &mut self.alone {
            alone.check().await?;
        }
        let mut differing = Vec::new();
        let mut shadow = self.db.snapshot().await?;
        for table in self.registry.tables() {
            if digest(live, &table).await? != digest(&mut shadow, &table).await? {
                differing.push(table);
            }
        }
        Ok(differing)
    }

    /// Copies the shadow's rows into these live tables, and stores the versions of the read models.
    pub async fn swap(&self, live: &mut Tx<'_>, tables: &[Table]) -> Result<(), Error> {
        let mut shadow = self.db.snapshot().await?;
        for table in tables {
            live.execute(sql(format!("DELETE FROM {}", table.name))).await?;
            let mut pages = Pages::new(table);
            loop {
                let rows = pages.next(&mut shadow).await?;
                if rows.is_empty() {
                    break;
                }
                table.put(live, rows, Merge::Replace).await?;
            }
        }
        self.registry.store_versions(live).await
    }

    /// Drops the shadow's tables.
    pub async fn drop(self, live: &Db) -> Result<(), Error> {
        self.db.close().await;
        if let Db::Postgres(_) = live {
            live.script(&format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE"))
                .await?;
        }
        if let Some(alone) = self.alone {
            alone.give_up().await?;
        }
        Ok(())
    }
}
