//! Versions: which version of each read model wrote the tables.
//!
//! A read model whose code changes may fold the same events into other rows. The table `read_models` states which
//! version wrote the rows, so that a program with another version refuses to work with them instead of mixing the two.

use super::{
    registry::Registry,
    sql::{Error, Read, Tx, sql},
};

/// Another version wrote the tables of a read model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the read model {name} holds {}, but this program is for {}",
    version(*.stored),
    version(*.wanted)
)]
pub struct OtherVersion {
    /// The read model.
    pub name: String,
    /// The version that wrote the tables; `None` if they were never filled.
    pub stored: Option<i64>,
    /// The version that this program needs; `None` if the program does not know the read model.
    pub wanted: Option<i64>,
}

fn version(version: Option<i64>) -> String {
    version.map_or_else(|| "no version".to_owned(), |version| format!("version {version}"))
}

impl Registry {
    /// The read models whose tables were written by another version.
    pub async fn other_versions(&self, db: &mut dyn Read) -> Result<Vec<OtherVersion>, Error> {
        let mut others = Vec::new();
        let mut stored = Vec::new();
        for row in db
            .all(sql("SELECT name, version FROM read_models ORDER BY name"))
            .await?
        {
            stored.push((row.text(0)?, row.int(1)?));
        }
        for model in self.models() {
            let version = stored
                .iter()
                .find(|(name, _)| name == model.name)
                .map(|(_, version)| *version);
            if version != Some(model.version) {
                others.push(OtherVersion {
                    name: model.name.to_owned(),
                    stored: version,
                    wanted: Some(model.version),
                });
            }
        }
        for (name, version) in stored {
            if self.models().iter().all(|model| model.name != name) {
                others.push(OtherVersion {
                    name,
                    stored: Some(version),
                    wanted: None,
                });
            }
        }
        Ok(others)
    }

    /// Stores the versions of this program. The tables must contain what this program makes of the events.
    pub async fn store_versions(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        tx.execute(sql("DELETE FROM read_models")).await?;
        for model in self.models() {
            let insert = sql("INSERT INTO read_models (name, version) VALUES ($1, $2)");
            tx.execute(insert.bind(model.name).bind(model.version)).await?;
        }
        Ok(())
    }
}
