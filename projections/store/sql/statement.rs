//! Statements and their arguments.

use std::borrow::Cow;

use sqlx::{Postgres, Sqlite, types::Json};
use uuid::Uuid;

/// How many placeholders one statement may have on both engines (SQLite: 32,766).
pub const MAX_ARGUMENTS: usize = 32_000;

/// An argument of a statement. A null has a type, since Postgres needs one.
#[derive(Clone, Debug)]
pub enum Argument<'a> {
    /// TEXT.
    Text(Option<Cow<'a, str>>),
    /// UUID on Postgres, a BLOB of 16 bytes on SQLite.
    Id(Option<Uuid>),
    /// BIGINT.
    Int(Option<i64>),
    /// BOOLEAN.
    Bool(Option<bool>),
    /// BYTEA or BLOB.
    Bytes(Cow<'a, [u8]>),
    /// JSONB on Postgres, TEXT on SQLite.
    Json(Cow<'a, serde_json::value::RawValue>),
}

impl Argument<'_> {
    /// The same argument, with its own copy of the value.
    pub fn into_owned(self) -> Argument<'static> {
        match self {
            Self::Text(value) => Argument::Text(value.map(|text| Cow::Owned(text.into_owned()))),
            Self::Id(value) => Argument::Id(value),
            Self::Int(value) => Argument::Int(value),
            Self::Bool(value) => Argument::Bool(value),
            Self::Bytes(value) => Argument::Bytes(Cow::Owned(value.into_owned())),
            Self::Json(value) => Argument::Json(Cow::Owned(value.into_owned())),
        }
    }
}

macro_rules! argument_from {
    ($($type:ty => $make:expr),* $(,)?) => {
        $(impl<'a> From<$type> for Argument<'a> {
            fn from(value: $type) -> Self {
                let make: fn($type) -> Self = $make;
                make(value)
            }
        })*
    };
}
argument_from! {
    &'a str => |v| Argument::Text(Some(Cow::Borrowed(v))),
    String => |v| Argument::Text(Some(Cow::Owned(v))),
    Option<&'a str> => |v| Argument::Text(v.map(Cow::Borrowed)),
    Option<String> => |v| Argument::Text(v.map(Cow::Owned)),
    Uuid => |v| Argument::Id(Some(v)),
    Option<Uuid> => |v| Argument::Id(v),
    i64 => |v| Argument::Int(Some(v)),
    Option<i64> => |v| Argument::Int(v),
    bool => |v| Argument::Bool(Some(v)),
    &'a [u8] => |v| Argument::Bytes(Cow::Borrowed(v)),
    Vec<u8> => |v| Argument::Bytes(Cow::Owned(v)),
    Box<serde_json::value::RawValue> => |v| Argument::Json(Cow::Owned(v)),
    &'a serde_json::value::RawValue => |v| Argument::Json(Cow::Borrowed(v)),
}

/// The values of one column for many rows, as an array of Postgres. An array takes any number of values as one argument.
#[derive(Debug)]
pub(crate) enum Array<'a> {
    /// TEXT[], also for JSON.
    Text(Vec<Option<&'a str>>),
    /// UUID[].
    Id(Vec<Option<Uuid>>),
    /// BIGINT[].
    Int(Vec<Option<i64>>),
    /// BOOLEAN[].
    Bool(Vec<Option<bool>>),
    /// BYTEA[].
    Bytes(Vec<Option<&'a [u8]>>),
}

/// A statement with its arguments.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    text: Cow<'a, str>,
    arguments: Vec<Argument<'a>>,
}

/// A statement with this text, still without arguments.
pub fn sql<'a>(text: impl Into<Cow<'a, str>>) -> Statement<'a> {
    Statement {
        text: text.into(),
        arguments: Vec::new(),
    }
}

/// `($1, $2), ($3, $4)`: placeholders for `rows` rows of `columns` columns, counted from `first`.
pub fn placeholders(first: usize, rows: usize, columns: usize) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(rows * columns * 6);
    let mut number = first;
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            let _ = write!(text, "{}${number}", if column == 0 { "" } else { ", " });
            number += 1;
        }
        text.push(')');
    }
    text
}

/// For how many rows a statement that takes `rows` rows has room.
pub fn rounded(rows: usize) -> usize {
    if rows <= 16 {
        rows
    } else {
        rows.next_power_of_two()
    }
}

/// The elements of the chunk, then its last element repeatedly, `count` in total.
pub fn filled<T>(chunk: &[T], count: usize) -> impl Iterator<Item = &T> {
    chunk.iter().chain(chunk.last().into_iter().cycle()).take(count)
}

/// Up to this many placeholders, searching their names costs nothing.
const FEW: usize = 32;

/// The text with `?` instead of `$1`, `$2`; `None` if it does not have exactly `count` placeholders, in order.
fn unnumbered(text: &str, count: usize) -> Option<String> {
    let mut parts = text.split('$');
    let mut plain = String::with_capacity(text.len());
    plain.push_str(parts.next()?);
    let mut seen = 0;
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        seen += 1;
        if part[..digits].parse() != Ok(seen) {
            return None;
        }
        plain.push('?');
        plain.push_str(&part[digits..]);
    }
    (seen == count).then_some(plain)
}

macro_rules! bind_all {
    ($statement:expr, $text:expr) => {{
        let mut query = sqlx::query($text);
        for argument in &$statement.arguments {
            query = match argument {
                Argument::Text(value) => query.bind(value.as_deref()),
                Argument::Id(value) => query.bind(*value),
                Argument::Int(value) => query.bind(*value),
                Argument::Bool(value) => query.bind(*value),
                Argument::Bytes(value) => query.bind(value.as_ref()),
                Argument::Json(value) => query.bind(Json(value.as_ref())),
            };
        }
        query
    }};
}

impl<'a> Statement<'a> {
    /// Binds the next placeholder.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Argument<'a>>) -> Self {
        self.arguments.push(value.into());
        self
    }

    /// Binds the next placeholders.
    #[must_use]
    pub fn bind_all<T: Into<Argument<'a>>>(mut self, values: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(values.into_iter().map(Into::into));
        self
    }

    /// The same statement with `?` as placeholders, if it has many, each once and in order. SQLite treats `$1` as a
    /// name and searches all names for it, so the cost of binding many grows with the square of their number.
    pub(super) fn unnumbered(mut self) -> Self {
        if self.arguments.len() > FEW
            && let Some(text) = unnumbered(&self.text, self.arguments.len())
        {
            self.text = Cow::Owned(text);
        }
        self
    }

    /// The text and the arguments, for a driver that sqlx does not know.
    pub(super) fn parts(&self) -> (&str, &[Argument<'a>]) {
        (&self.text, &self.arguments)
    }

    pub(super) fn postgres(&self) -> sqlx::query::Query<'_, Postgres, sqlx::postgres::PgArguments> {
        bind_all!(self, self.text.as_ref())
    }

    /// The same arguments with another text, and with arrays for the placeholders that follow.
    pub(super) fn with_arrays<'q>(
        &'q self,
        text: &'q str,
        arrays: Vec<Array<'q>>,
    ) -> sqlx::query::Query<'q, Postgres, sqlx::postgres::PgArguments> {
        let mut query = bind_all!(self, text);
        for array in arrays {
            query = match array {
                Array::Text(values) => query.bind(values),
                Array::Id(values) => query.bind(values),
                Array::Int(values) => query.bind(values),
                Array::Bool(values) => query.bind(values),
                Array::Bytes(values) => query.bind(values),
            };
        }
        query
    }

    /// The number of bound arguments.
    pub(super) fn bound(&self) -> usize {
        self.arguments.len()
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn sqlite(&self) -> sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments<'_>> {
        bind_all!(self, self.text.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_in_order_need_no_numbers() {
        let text = format!("INSERT INTO t (a, b) VALUES {}", placeholders(1, 2, 2));
        assert_eq!(
            unnumbered(&text, 4).as_deref(),
            Some("INSERT INTO t (a, b) VALUES (?, ?), (?, ?)")
        );
    }

    #[test]
    fn placeholders_out_of_order_twice_or_missing_keep_their_numbers() {
        for (text, count) in [
            ("$2, $1", 2),
            ("$1, $1", 2),
            ("$1, $1", 1),
            ("$1", 2),
            ("'$' || $1", 1),
        ] {
            assert_eq!(unnumbered(text, count), None, "{text}");
        }
    }
}
