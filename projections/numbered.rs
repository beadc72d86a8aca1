//! Things that have numbers: organisations, groups, applications, API keys and accounts of the os2iot face.
//!
//! Pages of all of them, and of all applications of an organisation, come from the lists that the store counts. Any other page is about a
//! set that somebody chose: its numbers and what it is sorted by are read, sorted in memory, and then the rows of the page are read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    page::{Paged, Part},
    store::{
        self, Column, Kind, List, Record, select, select_in,
        sql::{Argument, Error, Row, Tx, sql},
        unreadable,
    },
};

/// Which rows a page is about.
#[derive(Clone, Copy, Debug)]
pub enum Among<'a, Organisation, Id> {
    /// All.
    All,
    /// Those of these organisations; none, if there is no organisation.
    Organisations(&'a [Organisation]),
    /// Those with these numbers; none, if there is no number.
    These(&'a [Id]),
}

/// How many code points of a text count when texts are sorted. Neither engine indexes texts of any length.
const SORTED: usize = 200;

/// The text by which a name is sorted: in lower case.
pub(crate) fn folded(text: &str) -> String {
    text.to_lowercase().chars().take(SORTED).collect()
}

/// A value by which rows are sorted. Rows without a value come last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Compared {
    Int(i64),
    Text(String),
    Nothing,
}

impl Compared {
    fn read(row: &Row, kind: Kind) -> Result<Self, Error> {
        Ok(match kind {
            Kind::Int => Self::Int(row.int(2)?),
            Kind::IntOrNull => row.int_or_null(2)?.map_or(Self::Nothing, Self::Int),
            Kind::Text => Self::Text(row.text(2)?),
            Kind::TextOrNull => row.text_or_null(2)?.map_or(Self::Nothing, Self::Text),
            Kind::Id | Kind::IdOrNull | Kind::Bool | Kind::Bytes => {
                return Err(unreadable("nothing is sorted by such a column"));
            }
        })
    }
}

/// Rows that somebody chose.
pub(crate) struct Chosen<'a> {
    /// What stands before the list of keys: `number IN`, or `number IN (SELECT account FROM account_groups WHERE group_number IN`.
    before: &'static str,
    keys: Vec<Argument<'a>>,
    /// Closes what `before` opens.
    after: &'static str,
    /// The values of the placeholders of `before`.
    fixed: Vec<Argument<'a>>,
}

impl<'a> Chosen<'a> {
    /// The rows with one of these keys; none, if there is no key.
    pub(crate) fn by(
        before: &'static str,
        keys: impl IntoIterator<Item = impl Into<Argument<'a>>>,
        after: &'static str,
    ) -> Self {
        Self {
            before,
            keys: keys.into_iter().map(Into::into).collect(),
            after,
            fixed: Vec::new(),
        }
    }

    /// The same, with a value for `$1` in the text before the keys.
    pub(crate) fn with(mut self, value: impl Into<Argument<'a>>) -> Self {
        self.fixed.push(value.into());
        self
    }
}

/// A part of the rows that any of these choices names, sorted by a column. Its cost grows with the number of chosen rows.
pub(crate) async fn part_of<R: Record>(
    tx: &mut Tx<'_>,
    chosen: &[Chosen<'_>],
    column: &'static str,
    descending: bool,
    part: Part,
) -> Result<Paged<R>, Error> {
    let (table, kind) = (R::TABLE.name, R::TABLE.kind(column)?);
    let mut found = BTreeSet::new();
    for Chosen {
        before,
        keys,
        after,
        fixed,
    } in chosen
    {
        let before = format!("SELECT number, ordinal, {column} FROM {table} WHERE {before}");
        for row in select_in(tx, &before, keys, after, fixed).await? {
            found.insert((Compared::read(&row, kind)?, row.int(1)?, row.int(0)?));
        }
    }
    let mut numbers: Vec<i64> = found.into_iter().map(|(_, _, number)| number).collect();
    if descending {
        numbers.reverse();
    }
    let page = part.of(numbers);
    Ok(Paged {
        rows: in_order(tx, &page.rows).await?,
        total: page.total,
    })
}

/// The rows with these numbers, in the order of the numbers given.
async fn in_order<R: Record>(tx: &mut Tx<'_>, numbers: &[i64]) -> Result<Vec<R>, Error> {
    let keys: Vec<_> = numbers.iter().map(|number| vec![(*number).into()]).collect();
    let mut found = HashMap::new();
    for row in select(tx, &R::TABLE, &["number"], &keys).await? {
        found.insert(i64::read(&row, 0)?, R::read(&row)?);
    }
    Ok(numbers.iter().filter_map(|number| found.remove(number)).collect())
}

/// The rows that this choice names, in the order of their numbers.
pub(crate) async fn all_of<R: Record>(tx: &mut Tx<'_>, chosen: Chosen<'_>) -> Result<Vec<R>, Error> {
    let all = Part {
        offset: 0,
        limit: i64::MAX,
    };
    Ok(part_of(tx, &[chosen], "number", false, all).await?.rows)
}

/// A part of all rows, sorted by a column that has no counts. The database sorts all rows.
pub(crate) async fn part_of_all<R: Record>(
    tx: &mut Tx<'_>,
    lists: &[List<R>],
    column: &'static str,
    descending: bool,
    part: Part,
) -> Result<Paged<R>, Error> {
    let (table, columns) = (R::TABLE.name, R::TABLE.column_list());
    let way = if descending { " DESC" } else { "" };
    let statement = sql(format!(
        "SELECT {columns} FROM {table} ORDER BY {column} IS NULL{way}, {column}{way}, ordinal{way} LIMIT $1 OFFSET $2"
    ));
    let rows = tx
        .all(statement.bind(part.limit.max(0)).bind(part.offset.max(0)))
        .await?;
    Ok(Paged {
        rows: rows.iter().map(R::read).collect::<Result<_, _>>()?,
        total: store::total(tx, lists).await?,
    })
}

/// For each of these things, the values of the rows of a table that name it, in their order.
pub(crate) async fn each_of<K: Column + Ord, V: Column>(
    tx: &mut Tx<'_>,
    table: &str,
    [of, value]: [&str; 2],
    keys: Vec<Argument<'_>>,
) -> Result<BTreeMap<K, Vec<V>>, Error> {
    let before = format!("SELECT {of}, {value} FROM {table} WHERE {of} IN");
    let mut found = BTreeMap::<K, Vec<V>>::new();
    for row in select_in(tx, &before, &keys, &format!("ORDER BY {of}, {value}"), &[]).await? {
        found
            .entry(K::read(&row, 0)?)
            .or_default()
            .push(V::read(&row, 1)?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_without_case_and_without_their_end() {
        assert_eq!(folded("Ærø"), "ærø");
        let long = "A".repeat(1_000);
        assert_eq!(folded(&long), "a".repeat(SORTED));
    }

    #[test]
    fn what_has_no_value_comes_last() {
        let mut values = [
            Compared::Nothing,
            Compared::Int(1),
            Compared::Text("a".into()),
            Compared::Int(0),
        ];
        values.sort();
        assert_eq!(values[0], Compared::Int(0));
        assert_eq!(values[3], Compared::Nothing);
    }
}
