//! The read models a second time, in a place of their own.

use super::{copy::Pages, digest};
use crate::store::{
    registry::Registry,
    sql::{Alone, Db, Error, Options, Tx, sql},
    table::Table,
};

/// On Postgres, the schema that the shadow's tables are in.
const SCHEMA: &str = "muniment_rebuild";

/// Read models beside the live ones, empty at first.
#[derive(Debug)]
pub struct Shadow {
    registry: Registry,
    db: Db,
    /// Held as long as the shadow lives, so that there is one shadow at a time.
    alone: Option<Alone>,
}

impl Shadow {
    /// Makes the tables, like the live ones. What an interrupted rebuild left behind is dropped first.
    ///
    /// `registry` names the read models. `url` is on Postgres the live database's own, and on SQLite that of another file, which the caller deletes
    /// in the end.
    pub async fn create(live: &Db, url: &str, registry: Registry) -> Result<Self, Error> {
        let options = Options {
            connections: 2,
            // Not the live schema after it: a name that is missing here must not mean the live table.
            search_path: Some(SCHEMA.to_owned()),
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
            Db::Postgres(_) => {
                let mut script = format!("DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA};");
                for Table { name, .. } in registry.tables() {
                    script.push_str(&format!(
                        "CREATE TABLE {SCHEMA}.{name} (LIKE {name} INCLUDING ALL);"
                    ));
                }
                live.script(&script).await?;
            }
            Db::Sqlite { .. } => {
                let mut script = String::new();
                for Table { name, .. } in registry.tables() {
                    script.push_str(&format!("DROP TABLE IF EXISTS {name};"));
                    let made = sql(
                        "SELECT sql FROM sqlite_master WHERE tbl_name = $1 AND sql IS NOT NULL ORDER BY type DESC",
                    );
                    for row in live.all(made.bind(name)).await? {
                        script.push_str(row.str(0)?);
                        script.push(';');
                    }
                }
                shadow.db.script(&script).await?;
            }
        }
        Ok(shadow)
    }

    /// Where the events are replayed to.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The live tables that are not what the events come to.
    pub async fn differing(&self, live: &mut Tx<'_>) -> Result<Vec<Table>, Error> {
        let mut differing = Vec::new();
        let mut shadow = self.db.snapshot().await?;
        for table in self.registry.tables() {
            if digest(live, &table).await? != digest(&mut shadow, &table).await? {
                differing.push(table);
            }
        }
        Ok(differing)
    }

    /// Makes these live tables what the shadow's are, and stores the versions of the read models.
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
                table.upsert(live, rows, None).await?;
            }
        }
        self.registry.store_versions(live).await
    }

    /// Drops the tables.
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
