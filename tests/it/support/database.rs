//! Direct access to the server's database, like a person with access to its disk.

use sqlx::{Connection, PgConnection, SqliteConnection};

use super::server::Site;

/// A connection to the ledger's tables.
pub enum Ledger {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Opens the database of a site whose server has ended.
pub async fn open(site: &Site) -> Ledger {
    match site.database_url() {
        None => {
            let url = format!("sqlite:{}", site.sqlite_file().display());
            Ledger::Sqlite(
                SqliteConnection::connect(&url)
                    .await
                    .expect("the file should open"),
            )
        }
        Some(url) => Ledger::Postgres(
            PgConnection::connect(url)
                .await
                .expect("the database should open"),
        ),
    }
}

impl Ledger {
    /// Runs one statement, and returns how many rows it changed.
    pub async fn execute(&mut self, statement: &str) -> u64 {
        match self {
            Self::Sqlite(connection) => {
                let done = sqlx::query(statement).execute(connection).await;
                done.unwrap_or_else(|error| panic!("{statement}: {error}"))
                    .rows_affected()
            }
            Self::Postgres(connection) => {
                let done = sqlx::query(statement).execute(connection).await;
                done.unwrap_or_else(|error| panic!("{statement}: {error}"))
                    .rows_affected()
            }
        }
    }

    pub async fn last_position(&mut self) -> i64 {
        self.number("SELECT MAX(position) FROM events").await
    }

    /// The position of the first event of this type whose payload contains this text.
    pub async fn position_of(&mut self, event_type: &str, text: &str) -> i64 {
        let select = format!(
            "SELECT MIN(position) FROM events WHERE event_type = '{event_type}' \
             AND CAST(payload AS TEXT) LIKE '%{text}%'"
        );
        self.number(&select).await
    }

    /// Replaces a text in a JSON column of an event.
    pub async fn replace(&mut self, position: i64, column: &str, old: &str, new: &str) {
        let kind = match self {
            Self::Sqlite(_) => "TEXT",
            Self::Postgres(_) => "JSONB",
        };
        let update = format!(
            "UPDATE events SET {column} = CAST(replace(CAST({column} AS TEXT), '{old}', '{new}') AS {kind}) \
             WHERE position = {position} AND CAST({column} AS TEXT) LIKE '%{old}%'"
        );
        assert_eq!(self.execute(&update).await, 1, "{update}");
    }

    /// The only number that a statement answers.
    pub async fn number(&mut self, select: &str) -> i64 {
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(select)
                .fetch_one(connection)
                .await
                .expect("a number"),
            Self::Postgres(connection) => sqlx::query_scalar(select)
                .fetch_one(connection)
                .await
                .expect("a number"),
        }
    }
}
