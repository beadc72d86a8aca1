//! How values are kept in columns.

use aggregates::{
    sealing::ERASED,
    values::{
        Audience, Context, Fingerprint, GrantMethod, GrantType, IdentityProvider, Operation, PermissionId,
        RoleId, SessionId, Timestamp, TopicFilter, UserId,
    },
};

use super::{
    lists::Key,
    sql::{Argument, Error, Row},
    table::{Kind, unreadable},
};

/// A type that a column can hold.
pub trait Column: Sized {
    /// What the column holds.
    const KIND: Kind;

    /// The value as an argument of a statement.
    fn bind(&self) -> Argument<'_>;

    /// Reads the value from a row.
    fn read(row: &Row, column: usize) -> Result<Self, Error>;
}

/// A personal value, which is blanked when its person is erased.
pub trait Personal {
    /// Replaces the value by what the ledger gives for it after the erasure.
    fn blank(&mut self);
}

impl Personal for String {
    fn blank(&mut self) {
        ERASED.clone_into(self);
    }
}

impl Personal for Option<String> {
    fn blank(&mut self) {
        if let Some(value) = self {
            value.blank();
        }
    }
}

/// A column that a list can be sorted by.
pub trait Sorted: Column {
    /// The value that the column holds.
    fn sort_key(&self) -> Key<'_>;
}

impl Sorted for String {
    fn sort_key(&self) -> Key<'_> {
        Key::Text(self)
    }
}

impl Sorted for i64 {
    fn sort_key(&self) -> Key<'_> {
        Key::Int(*self)
    }
}

impl Sorted for Timestamp {
    fn sort_key(&self) -> Key<'_> {
        Key::Int(self.micros())
    }
}

/// `TYPE: Kind, |value| bind, |row, n| read;`
macro_rules! columns {
    ($($type:ty: $kind:ident, |$value:ident| $bind:expr, |$row:ident, $n:ident| $read:expr;)+) => {$(
        impl Column for $type {
            const KIND: Kind = Kind::$kind;

            fn bind(&self) -> Argument<'_> {
                let $value = self;
                $bind.into()
            }

            fn read($row: &Row, $n: usize) -> Result<Self, Error> {
                $read
            }
        }
    )+};
}

columns! {
    String: Text, |value| value.as_str(), |row, n| row.text(n);
    Option<String>: TextOrNull, |value| value.as_deref(), |row, n| row.text_or_null(n);
    i64: Int, |value| *value, |row, n| row.int(n);
    bool: Bool, |value| *value, |row, n| row.bool(n);
    Timestamp: Int, |value| value.micros(), |row, n| row.int(n).map(Timestamp::from_micros);
    Option<Timestamp>: IntOrNull, |value| value.map(Timestamp::micros),
        |row, n| Ok(row.int_or_null(n)?.map(Timestamp::from_micros));
    Option<UserId>: TextOrNull, |value| value.map(|id| id.to_string()),
        |row, n| row.str_or_null(n)?.map(UserId::parse).transpose().map_err(unreadable);
    Audience: Text, |value| value.as_str(),
        |row, n| serde_json::from_value(row.str(n)?.into()).map_err(unreadable);
    Vec<GrantType>: Text, |value| serde_json::json!(value).to_string(),
        |row, n| serde_json::from_str(row.str(n)?).map_err(unreadable);
    Vec<GrantMethod>: Text, |value| serde_json::json!(value).to_string(),
        |row, n| serde_json::from_str(row.str(n)?).map_err(unreadable);
    TopicFilter: Text, |value| &**value, |row, n| TopicFilter::parse(row.str(n)?).map_err(unreadable);
    Fingerprint: Text, |value| &**value, |row, n| Fingerprint::parse(row.str(n)?).map_err(unreadable);
}

/// Types whose texts `parse` reads.
macro_rules! parsed {
    ($($type:ty: |$value:ident| $bind:expr;)+) => {
        columns! {
            $($type: Text, |$value| $bind, |row, n| <$type>::parse(row.str(n)?).map_err(unreadable);)+
        }
    };
}

parsed! {
    UserId: |id| id.to_string();
    RoleId: |id| id.to_string();
    PermissionId: |id| id.to_string();
    SessionId: |id| id.to_string();
    IdentityProvider: |value| value.as_str();
    Operation: |value| value.as_str();
    Context: |value| value.as_str();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_value_that_is_not_set_stays_so() {
        let (mut set, mut unset) = (Some("ada".to_owned()), None::<String>);
        set.blank();
        unset.blank();
        assert_eq!((set.as_deref(), unset), (Some(ERASED), None));
    }
}
