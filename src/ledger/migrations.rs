//! The schema: the binary contains its migrations and applies them.

use std::collections::BTreeSet;

use projections::sql::{Db, sql};
use sqlx::migrate::{MigrateError, Migrator};

static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// Why the schema could not be updated or read.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// A migration failed or was changed after it was applied, or a newer version of Muniment applied one.
    #[error("migration: {0}")]
    Migrate(#[from] MigrateError),
    /// The database does not answer.
    #[error("database: {0}")]
    Database(#[from] projections::sql::Error),
}

/// Applies the migrations that the database lacks. Safe to call from several nodes at once on Postgres.
pub async fn migrate(db: &Db) -> Result<(), MigrationError> {
    match db {
        Db::Postgres(pool) => POSTGRES.run(pool).await?,
        Db::Sqlite { writer, .. } => SQLITE.run(writer).await?,
    }
    Ok(())
}

/// The versions of the migrations that the database lacks, in order. Changes nothing.
pub async fn pending(db: &Db) -> Result<Vec<i64>, MigrationError> {
    let (migrator, tables) = match db {
        Db::Postgres(_) => (
            &POSTGRES,
            "SELECT 1 WHERE to_regclass('_sqlx_migrations') IS NOT NULL",
        ),
        Db::Sqlite { .. } => (
            &SQLITE,
            "SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations'",
        ),
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
    let versions = migrator.iter().map(|migration| migration.version);
    Ok(versions.filter(|version| !applied.contains(version)).collect())
}
