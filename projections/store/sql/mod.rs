//! One SQL text for two engines.
//!
//! Only this folder names both drivers. Statements use `$1` placeholders, ids are bound as values of 16 bytes, times are
//! BIGINT microseconds, JSON is bound as a value, and there are no vendor functions. So each statement is written once.
//! Only connecting, beginning a transaction and collecting ids differ between the engines; this folder hides these
//! differences.

mod arrays;
mod connect;
mod file;
mod look;
mod notices;
mod notify;
mod own;
mod primary;
mod reader;
mod row;
mod servers;
mod statement;
mod thread;
mod transaction;
mod writer;

use std::pin::Pin;

use sqlx::postgres::PgDatabaseError;

pub use connect::{Db, Options};
pub use look::Still;
pub use notices::{NOTICES, note_warning};
pub use notify::{Alone, Listener};
pub use reader::{Read, Reader};
pub use row::Row;
pub use servers::{Server, Servers};
pub use sqlx::Error;
pub(crate) use statement::Array;
pub use statement::{Argument, MAX_ARGUMENTS, Statement, filled, placeholders, rounded, sql};
pub use transaction::{PgTx, Tx};
pub use writer::{NotLanded, Writer, is_an_answer};

/// The future of a statement. It is boxed so that the code of the database client is compiled once, here, and not in
/// each crate that awaits it.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whether the data or the text of a statement made it fail. Otherwise the database cannot serve now: it is shutting
/// down, full or read-only, or another transaction holds the lock.
pub fn is_about_data(error: &Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        // Classes of SQLSTATE: cardinality, data, integrity, syntax, program limits, and unsupported features.
        return ["21", "22", "23", "42", "54", "0A"]
            .iter()
            .any(|class| code.starts_with(class));
    }
    // Primary result codes of SQLite: ERROR, TOOBIG, CONSTRAINT, MISMATCH, RANGE.
    code.parse::<i32>()
        .is_ok_and(|code| matches!(code & 0xff, 1 | 18 | 19 | 20 | 25))
}

/// Whether a statement failed because it waited too long for a lock, or took too long. If the database says so, the statement
/// changed nothing. If the network says so, it is unknown whether the statement changed something.
pub fn is_about_time(error: &Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        // lock_not_available, query_canceled.
        return matches!(&*code, "55P03" | "57014");
    }
    // Primary result codes of SQLite: BUSY, LOCKED.
    code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6))
}
