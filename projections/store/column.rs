//! How columns store values.

use aggregates::{
    sealing::ERASED,
    values::{
        AccountId, ApiKeyId, ApplicationId, Context, Fingerprint, GrantMethod, GrantType, GroupId,
        IdentityProvider, Operation, Ordinal, OrganisationId, PermissionId, RoleId, Timestamp,
        TokenFingerprint, TopicFilter, UserId,
    },
};

use super::{
    lists::Key,
    sql::{Argument, Error, Row},
    table::{Kind, unreadable},
};

/// A type that a column can hold.
pub trait Column: Sized {
    /// The kind of the column.
    const KIND: Kind;

    /// The value as an argument of a statement.
    fn bind(&self) -> Argument<'_>;

    /// Reads the value from a row.
    fn read(row: &Row, column: usize) -> Result<Self, Error>;
}

/// A personal value, which is blanked when its person is erased.
pub trait Personal {
    /// Replaces the value by the one that the ledger gives for it after the erasure.
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

/// Says how a column holds values of a type: `TYPE: Kind, |value| bind, |row, n| read;`. A type that one read model alone
/// stores is declared beside its record.
macro_rules! columns {
    ($($type:ty: $kind:ident, |$value:ident| $bind:expr, |$row:ident, $n:ident| $read:expr;)+) => {$(
        impl $crate::store::Column for $type {
            const KIND: $crate::store::Kind = $crate::store::Kind::$kind;

            fn bind(&self) -> $crate::sql::Argument<'_> {
                let $value = self;
                $bind.into()
            }

            fn read($row: &$crate::sql::Row, $n: usize) -> Result<Self, $crate::sql::Error> {
                $read
            }
        }
    )+};
}
pub(crate) use columns;

columns! {
    String: Text, |value| value.as_str(), |row, n| row.text(n);
    Option<String>: TextOrNull, |value| value.as_deref(), |row, n| row.text_or_null(n);
    i64: Int, |value| *value, |row, n| row.int(n);
    bool: Bool, |value| *value, |row, n| row.bool(n);
    Timestamp: Int, |value| value.micros(), |row, n| row.int(n).map(Timestamp::from_micros);
    Option<Timestamp>: IntOrNull, |value| value.map(Timestamp::micros),
        |row, n| Ok(row.int_or_null(n)?.map(Timestamp::from_micros));
    Vec<GrantType>: Text, |value| serde_json::json!(value).to_string(),
        |row, n| serde_json::from_str(row.str(n)?).map_err(unreadable);
    Vec<GrantMethod>: Text, |value| serde_json::json!(value).to_string(),
        |row, n| serde_json::from_str(row.str(n)?).map_err(unreadable);
    TopicFilter: Text, |value| &**value, |row, n| TopicFilter::parse(row.str(n)?).map_err(unreadable);
    Fingerprint: Bytes, |value| value.octets(), |row, n| Self::from_octets(&row.bytes(n)?).map_err(unreadable);
    TokenFingerprint: Bytes, |value| value.digest().to_vec(),
        |row, n| row.bytes(n)?.try_into().map(Self::from_digest).map_err(|_| unreadable("a token's fingerprint must have 32 bytes"));
}

/// Stores ids as [`Kind::Id`], or as [`Kind::IdOrNull`] if they are optional. This is the only place that says how an id is
/// stored: records, statements and queries bind and read ids by it.
macro_rules! id_columns {
    ($($id:ident),+ $(,)?) => {$(
        $crate::store::columns! {
            $id: Id, |id| id.0, |row, n| row.id(n).map(Self);
            Option<$id>: IdOrNull, |id| id.map(|id| id.0), |row, n| Ok(row.id_or_null(n)?.map($id));
        }

        impl From<$id> for $crate::sql::Argument<'_> {
            fn from(id: $id) -> Self {
                id.0.into()
            }
        }
    )+};
}

pub(crate) use id_columns;

/// Stores ids that follow from a number as [`Kind::Int`], or as [`Kind::IntOrNull`] if they are optional.
macro_rules! number_columns {
    ($($id:ident),+ $(,)?) => {
        columns! {$(
            $id: Int, |id| i64::from(id.ordinal().get()),
                |row, n| Ordinal::new(row.int(n)?).map(Self::of).ok_or_else(|| unreadable("not a number of a thing"));
            Option<$id>: IntOrNull, |id| id.map(|id| i64::from(id.ordinal().get())),
                |row, n| match row.int_or_null(n)?.map(Ordinal::new) {
                    None => Ok(None),
                    Some(Some(number)) => Ok(Some($id::of(number))),
                    Some(None) => Err(unreadable("not a number of a thing")),
                };
        )+}

        $(
            impl From<$id> for Argument<'_> {
                fn from(id: $id) -> Self {
                    i64::from(id.ordinal().get()).into()
                }
            }

            impl Sorted for $id {
                fn sort_key(&self) -> Key<'_> {
                    Key::Int(i64::from(self.ordinal().get()))
                }
            }
        )+
    };
}

number_columns! { OrganisationId, GroupId, ApplicationId, ApiKeyId, AccountId }

id_columns! { UserId, RoleId, PermissionId }

/// The same for types whose texts `parse` reads.
macro_rules! parsed_columns {
    ($($type:ty: |$value:ident| $bind:expr;)+) => {
        columns! {
            $($type: Text, |$value| $bind, |row, n| <$type>::parse(row.str(n)?).map_err(unreadable);)+
        }
    };
}

parsed_columns! {
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
