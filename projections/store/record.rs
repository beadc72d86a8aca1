//! Records: the rows of tables, each declared once.

use std::{borrow::Borrow, fmt::Debug};

use aggregates::values::UserId;

use super::{
    changes::Needs,
    column::Column,
    lists::{List, ListsOf, Order},
    sql::{Argument, Error, Read, Row, Tx, sql},
    table::{Table, select},
};

/// A row as a table stores it. [`crate::record!`] implements this trait.
pub trait Record: Clone + Debug + Send + Sync + Sized + 'static {
    /// The table.
    const TABLE: Table;
    /// The lists that count the rows: each row is in the first list whose condition it meets.
    const LISTS: &'static [List<Self>];
    /// Lists by columns: each row is in the list of its value, for each of these columns.
    const LISTS_OF: &'static [ListsOf<Self>];
    /// The orders of the lists, besides the order of creation.
    const ORDERS: &'static [Order<Self>];
    /// The columns of the sets.
    const SETS: &'static [&'static str];
    /// The columns by which queries find rows.
    const FINDS: &'static [&'static str];
    /// Which rows have personal columns about a user.
    const PERSONAL: Option<PersonalRows>;
    /// The columns of the primary key.
    type Key: Ord + Clone + Debug + Send + Sync;

    /// The row's primary key.
    fn key(&self) -> Self::Key;

    /// The values of a primary key, in the order of the table.
    fn bind_key(key: &Self::Key) -> Vec<Argument<'static>>;

    /// The values of all columns, in the order of the table.
    fn bind(&self) -> Vec<Argument<'_>>;

    /// Reads all columns, in the order of the table.
    fn read(row: &Row) -> Result<Self, Error>;

    /// The position of the event that created the row, if lists count the rows.
    fn ordinal(&self) -> Option<i64>;

    /// Blanks the personal columns.
    fn blank(&mut self);

    /// Asks for further rows: those that an event may change together with this row.
    fn then_needs(&self, needs: &mut Needs<'_>);
}

/// Whether lists count the rows.
pub(crate) const fn is_listed<R: Record>() -> bool {
    !R::LISTS.is_empty() || !R::LISTS_OF.is_empty()
}

/// Which rows of a table are about a user.
#[derive(Clone, Copy, Debug)]
pub struct PersonalRows {
    /// The column that names the user.
    pub column: &'static str,
    /// The column's value for a user.
    pub value: fn(UserId) -> Argument<'static>,
}

/// The rows of a table that have the same value in one column. An index must begin with this column.
#[derive(Debug)]
pub struct Set<R, V> {
    /// The column.
    pub column: &'static str,
    /// The row's value.
    pub value: fn(&R) -> &V,
}

/// A column by which queries find rows. An index must begin with this column.
#[derive(Debug)]
pub struct Find<R, V> {
    /// The column.
    pub column: &'static str,
    /// The row's value. Nothing calls this: it lets the compiler check that `V` is the type of the column.
    pub value: fn(&R) -> &V,
}

/// All rows of a table whose column has one of these values.
pub(crate) async fn load<R: Record, V: Column>(
    db: &mut dyn Read,
    find: Find<R, V>,
    values: impl IntoIterator<Item = impl Borrow<V>>,
) -> Result<Vec<R>, Error> {
    let values = values
        .into_iter()
        .map(|value| vec![value.borrow().bind().into_owned()]);
    let rows = select(db, &R::TABLE, &[find.column], &values.collect::<Vec<_>>()).await?;
    rows.iter().map(R::read).collect()
}

/// Passes each row of a table to `take`, one at a time. `rest` follows the name of the table in the statement, and
/// `arguments` are the values of its placeholders.
pub(crate) async fn each<R: Record>(
    tx: &mut Tx<'_>,
    rest: &str,
    arguments: Vec<Argument<'_>>,
    mut take: impl FnMut(R) -> Result<(), Error>,
) -> Result<(), Error> {
    let text = format!("SELECT {} FROM {} {rest}", R::TABLE.column_list(), R::TABLE.name);
    tx.each(sql(text).bind_all(arguments), |row| take(R::read(row)?))
        .await
}

/// The columns with which an index of the table must begin, for each list in each order, for each set and for each column by
/// which queries find rows. Without such an index a query reads all rows.
pub(crate) fn indexes<R: Record>() -> Vec<Vec<&'static str>> {
    let mut indexes = indexes_to_write::<R>();
    indexes.extend(R::FINDS.iter().map(|column| vec![*column]));
    indexes.extend(R::LISTS.iter().map(|list| index_of(list, None)));
    indexes.extend(R::LISTS_OF.iter().map(|lists| vec![lists.column, "ordinal"]));
    indexes
}

/// The same, but only the indexes that a batch of events needs: for each set, and for each list in each order except the
/// order of creation.
pub(crate) fn indexes_to_write<R: Record>() -> Vec<Vec<&'static str>> {
    let mut indexes: Vec<_> = R::SETS.iter().map(|column| vec![*column]).collect();
    for list in R::LISTS {
        indexes.extend(R::ORDERS.iter().map(|order| index_of(list, Some(order))));
    }
    for lists in R::LISTS_OF {
        let orders = R::ORDERS.iter();
        indexes.extend(orders.map(|order| vec![lists.column, order.column, "ordinal"]));
    }
    indexes
}

fn index_of<R>(list: &List<R>, order: Option<&Order<R>>) -> Vec<&'static str> {
    let conditions = list.condition.split(" AND ");
    let columns = conditions.filter_map(|condition| Some(condition.split_once(" = ")?.0));
    let order = order.map(|order| order.column);
    columns.chain(order).chain(["ordinal"]).collect()
}

/// Declares the rows of a table: the struct, its table, and how it is bound and read, all from one list of fields. A
/// column has the name of its field, and the type of the field must be a `Column`. After the fields come, in this
/// order:
///
/// * `key(field: Type, ...)`: the primary key.
/// * `lists by ordinal { NAME = "stored name" { field: true }; }`: the lists that count the rows. The braces contain
///   the conditions; an index must begin with these columns and end with `ordinal`.
/// * `lists of { NAME = "stored name" field; }`: for each value of the field, a list of the rows that have it. An index must begin
///   with this column and end with `ordinal`.
/// * `orders { NAME = field; }`: the orders of the lists, besides the order of creation. For each list, an index must
///   begin with the columns of its condition and end with the field and `ordinal`.
/// * `sets { NAME = field: Type; }`: rows that are loaded or deleted together.
/// * `finds { NAME = field: Type; }`: the columns by which queries find rows. An index must begin with this column.
/// * `personal { field } where column = |user| value;`: the fields that are blanked when `user` is erased.
/// * `then |row, needs| { ... }`: the further rows that must be loaded once this row is.
///
/// All of these except the key are optional.
#[macro_export]
macro_rules! record {
    // A key with one column is the value of the column; a key with several columns is a tuple.
    (@type $one:ty) => { $one };
    (@type $($several:ty),+) => { ($($several),+) };
    (@pattern $one:ident) => { $one };
    (@pattern $($several:ident),+) => { ($($several),+) };
    (@value $one:expr) => { $one };
    (@value $($several:expr),+) => { ($($several),+) };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident in $table:literal {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty),+ $(,)?
        }
        key($($key:ident: $key_type:ty),+)
        $(lists by $ordinal:ident { $($list:ident = $list_name:literal $({ $($on:ident: $value:literal),+ })?;)+ })?
        $(lists of { $($each:ident = $each_name:literal $each_of:ident;)+ })?
        $(orders { $($order:ident = $by:ident;)+ })?
        $(sets { $($set:ident = $member:ident: $member_type:ty;)+ })?
        $(finds { $($find:ident = $found:ident: $found_type:ty;)+ })?
        $(personal { $($blank:ident),+ } where $subject:ident = |$user:ident| $of:expr;)?
        $(then |$row:ident, $needs:ident| $then:block)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type),+
        }

        impl $name {
            $($(
                $vis const $list: $crate::store::List<Self> = $crate::store::List {
                    name: $list_name,
                    condition: concat!("" $($(, stringify!($on), " = ", stringify!($value), " AND ")+)?),
                    holds: |_row| {
                        let conditions: &[bool] = &[$($(PartialEq::eq(&_row.$on, &$value)),+)?];
                        conditions.iter().all(|holds| *holds)
                    },
                };
            )+)?
            $($(
                $vis const $each: $crate::store::ListsOf<Self> = $crate::store::ListsOf {
                    name: $each_name,
                    column: stringify!($each_of),
                    value: |row| $crate::store::Sorted::sort_key(&row.$each_of),
                };
            )+)?
            $($(
                $vis const $order: $crate::store::Order<Self> = $crate::store::Order {
                    name: concat!($table, " by ", stringify!($by)),
                    column: stringify!($by),
                    key: |row| $crate::store::Sorted::sort_key(&row.$by),
                };
            )+)?
            $($(
                $vis const $set: $crate::store::Set<Self, $member_type> = $crate::store::Set {
                    column: stringify!($member),
                    value: |row| &row.$member,
                };
            )+)?
            $($(
                $vis const $find: $crate::store::Find<Self, $found_type> = $crate::store::Find {
                    column: stringify!($found),
                    value: |row| &row.$found,
                };
            )+)?
        }

        impl $crate::store::Record for $name {
            const TABLE: $crate::store::Table = $crate::store::Table {
                name: $table,
                columns: &[$((stringify!($field), <$type as $crate::store::Column>::KIND)),+],
                key: &[$(stringify!($key)),+],
            };
            const LISTS: &'static [$crate::store::List<Self>] = &[$($(Self::$list),+)?];
            const LISTS_OF: &'static [$crate::store::ListsOf<Self>] = &[$($(Self::$each),+)?];
            const ORDERS: &'static [$crate::store::Order<Self>] = &[$($(Self::$order),+)?];
            const SETS: &'static [&'static str] = &[$($(stringify!($member)),+)?];
            const FINDS: &'static [&'static str] = &[$($(stringify!($found)),+)?];
            const PERSONAL: Option<$crate::store::PersonalRows> = {
                let _rows: Option<$crate::store::PersonalRows> = None;
                $(let _rows = Some($crate::store::PersonalRows {
                    column: stringify!($subject),
                    value: |$user| $crate::store::Column::bind(&$of).into_owned(),
                });)?
                _rows
            };
            type Key = $crate::record!(@type $($key_type),+);

            fn key(&self) -> Self::Key {
                $crate::record!(@value $(Clone::clone(&self.$key)),+)
            }

            fn bind_key(key: &Self::Key) -> Vec<$crate::sql::Argument<'static>> {
                let $crate::record!(@pattern $($key),+) = key;
                vec![$($crate::store::Column::bind($key).into_owned()),+]
            }

            fn bind(&self) -> Vec<$crate::sql::Argument<'_>> {
                vec![$($crate::store::Column::bind(&self.$field)),+]
            }

            fn read(row: &$crate::sql::Row) -> Result<Self, $crate::sql::Error> {
                let mut columns = 0..;
                let mut next = || columns.next().unwrap_or_default();
                Ok(Self { $($field: $crate::store::Column::read(row, next())?),+ })
            }

            fn ordinal(&self) -> Option<i64> {
                let ordinal: Option<i64> = None;
                $(let ordinal = ordinal.or(Some(self.$ordinal));)?
                ordinal
            }

            fn blank(&mut self) {
                $($($crate::store::Personal::blank(&mut self.$blank);)+)?
            }

            fn then_needs(&self, _needs: &mut $crate::store::Needs<'_>) {
                $(
                    let ($row, $needs) = (self, _needs);
                    $then
                )?
            }
        }
    };
}
