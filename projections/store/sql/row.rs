//! Rows of a result.

use sqlx::{Column as _, Row as _, TypeInfo as _, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use super::{Error, Tx};

/// A row. Columns have numbers from 0.
#[expect(
    missing_debug_implementations,
    reason = "rows hold personal data, and SqliteRow has none"
)]
pub enum Row {
    /// A row of Postgres.
    Postgres(PgRow),
    /// A row of SQLite.
    Sqlite(SqliteRow),
}

macro_rules! column {
    ($(#[$doc:meta])* $name:ident -> $type:ty) => {
        $(#[$doc])*
        pub fn $name(&self, column: usize) -> Result<$type, Error> {
            match self {
                Self::Postgres(row) => row.try_get(column),
                Self::Sqlite(row) => row.try_get(column),
            }
        }
    };
}

impl Row {
    column!(/// TEXT.
        text -> String);
    column!(/// TEXT that may be null.
        text_or_null -> Option<String>);
    column!(/// UUID on Postgres, a BLOB of 16 bytes on SQLite.
        id -> Uuid);
    column!(/// The same; may be null.
        id_or_null -> Option<Uuid>);
    column!(/// BIGINT.
        int -> i64);
    column!(/// BIGINT that may be null.
        int_or_null -> Option<i64>);
    column!(/// BOOLEAN.
        bool -> bool);
    column!(/// BYTEA or BLOB.
        bytes -> Vec<u8>);
    column!(/// BYTEA or BLOB that may be null.
        bytes_or_null -> Option<Vec<u8>>);

    /// The ids that [`Tx::collected`] collected.
    pub fn collected_ids(&self, column: usize) -> Result<Vec<Uuid>, Error> {
        match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => {
                let digits: &str = row.try_get(column)?;
                let ids = digits.as_bytes().chunks(2 * size_of::<Uuid>());
                ids.map(Uuid::try_parse_ascii)
                    .collect::<Result<_, _>>()
                    .map_err(|error| Error::Decode(error.into()))
            }
        }
    }

    /// A TEXT column, without a copy.
    pub fn str(&self, column: usize) -> Result<&str, Error> {
        match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => row.try_get(column),
        }
    }

    /// A TEXT column that may be null, without a copy.
    pub fn str_or_null(&self, column: usize) -> Result<Option<&str>, Error> {
        match self {
            Self::Postgres(row) => row.try_get(column),
            Self::Sqlite(row) => row.try_get(column),
        }
    }

    /// The number of columns.
    pub fn len(&self) -> usize {
        match self {
            Self::Postgres(row) => row.len(),
            Self::Sqlite(row) => row.len(),
        }
    }

    /// Whether the row has no columns.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The declared type of the column in upper case, as the driver names it: `INT8` or `BIGINT`.
    pub fn type_name(&self, column: usize) -> String {
        match self {
            Self::Postgres(row) => row.column(column).type_info().name().to_uppercase(),
            Self::Sqlite(row) => row.column(column).type_info().name().to_uppercase(),
        }
    }
}

impl Tx<'_> {
    /// An aggregate function of SQL that collects the ids of a column. [`Row::collected_ids`] reads them. SQLite has no arrays.
    pub fn collected(&self, column: &str) -> String {
        match self {
            Self::Postgres(_) => format!("array_agg({column})"),
            Self::Sqlite(_) => format!("group_concat(hex({column}), '')"),
        }
    }
}
