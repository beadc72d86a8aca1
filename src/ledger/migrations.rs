//! The schema: the binary contains its migrations and applies them.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use projections::sql::{Boxed, Db, sql};
use sqlx::{
    error::BoxDynError,
    migrate::{MigrateError, Migration, MigrationSource, MigrationType, Migrator},
};

// `POSTGRES` and `SQLITE`: for each file its name, such as `0001_create_ledger`, and its text.
include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// Why the schema could not be updated or read.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A migration failed or was changed after it was applied, or a newer version of Muniment applied one.
    #[error("migration: {0}")]
    Migrate(#[from] MigrateError),
    /// The name of a migration's file does not begin with a version.
    #[error("migration {0}: the name does not begin with a version")]
    Name(String),
    /// The database does not answer.
    #[error("database: {0}")]
    Database(#[from] projections::sql::Error),
}

/// Applies the migrations that the database lacks. Safe to call from several nodes at once on Postgres.
pub fn migrate<'a>(db: &'a Db) -> Boxed<'a, Result<(), MigrationError>> {
    Box::pin(async move {
        let migrator = Migrator::new(Carried(migrations(db)?)).await?;
        match db {
            Db::Postgres(servers) => migrator.run(&servers.pool()).await?,
            Db::Sqlite { writer, .. } => migrator.run(writer).await?,
        }
        Ok(())
    })
}

/// The versions of the migrations that the database lacks, in order. Changes nothing.
pub fn pending<'a>(db: &'a Db) -> Boxed<'a, Result<Vec<i64>, MigrationError>> {
    Box::pin(async move {
        let tables = match db {
            Db::Postgres(_) => "SELECT 1 WHERE to_regclass('_sqlx_migrations') IS NOT NULL",
            Db::Sqlite { .. } => "SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations'",
        };
        let mut applied = BTreeSet::new();
        if db.optional(sql(tables)).await?.is_some() {
            for row in db
                .all(sql("SELECT version FROM _sqlx_migrations WHERE success"))
                .await?
            {
                applied.insert(row.int(0)?);
            }
        }
        let versions = migrations(db)?.into_iter().map(|migration| migration.version);
        Ok(versions.filter(|version| !applied.contains(version)).collect())
    })
}

/// How many migrations the database lacks, and how many there are. Changes nothing.
pub async fn missing(db: &Db) -> Result<(usize, usize), MigrationError> {
    Ok((pending(db).await?.len(), migrations(db)?.len()))
}

/// Migrations that were read before.
#[derive(Debug)]
struct Carried(Vec<Migration>);

impl MigrationSource<'static> for Carried {
    fn resolve(self) -> BoxFuture<'static, Result<Vec<Migration>, BoxDynError>> {
        Box::pin(std::future::ready(Ok(self.0)))
    }
}

/// The migrations of the database's engine, in the order of their versions.
fn migrations(db: &Db) -> Result<Vec<Migration>, MigrationError> {
    let files = match db {
        Db::Postgres(_) => POSTGRES,
        Db::Sqlite { .. } => SQLITE,
    };
    files.iter().map(|(name, text)| migration(name, text)).collect()
}

/// The migration of a file `<version>_<description>.sql`.
fn migration(name: &str, text: &'static str) -> Result<Migration, MigrationError> {
    let (version, description) = name
        .split_once('_')
        .and_then(|(version, description)| Some((version.parse().ok()?, description)))
        .ok_or_else(|| MigrationError::Name(name.to_owned()))?;
    Ok(Migration::new(
        version,
        description.replace('_', " ").into(),
        MigrationType::Simple,
        text.into(),
        text.starts_with("-- no-transaction"),
    ))
}
