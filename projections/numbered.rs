//! Things that have numbers: organisations, groups, applications, API keys and accounts of the os2iot face.
//!
//! Pages of all of them, and of all applications of an organisation, come from the lists that the store counts. A page of rows
//! that conditions choose is sorted by the database (`part_where`). Any other page is about a set that somebody chose: its numbers and what it
//! is sorted by are read, sorted in memory, and then the rows of the page are read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    page::{Paged, Part},
    store::{
        self, Column, Kind, List, Record, Sort, select, select_in,
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
    /// What the rows must meet besides.
    conditions: Vec<Condition<'a>>,
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
            conditions: Vec::new(),
        }
    }

    /// Those of these rows that also meet these conditions.
    pub(crate) fn and(mut self, conditions: impl IntoIterator<Item = Condition<'a>>) -> Self {
        self.conditions.extend(conditions);
        self
    }

    /// What `select` reads of these rows. `rest` follows the condition. Many keys take several statements.
    pub(crate) async fn rows(&self, tx: &mut Tx<'_>, select: &str, rest: &str) -> Result<Vec<Row>, Error> {
        let mut before = format!("{select} ");
        if !self.conditions.is_empty() {
            before = format!("{before}{} AND ", met(&self.conditions));
        }
        before.push_str(self.before);
        let values: Vec<_> = values(&self.conditions).collect();
        let after = format!("{} {rest}", self.after);
        select_in(tx, &before, &self.keys, &after, &values).await
    }
}

/// A column has a value.
#[derive(Clone)]
pub(crate) struct Condition<'a> {
    /// The column.
    pub(crate) column: &'static str,
    /// The value.
    pub(crate) value: Argument<'a>,
}

/// `status = $1 AND owner = $2`
fn met(conditions: &[Condition<'_>]) -> String {
    let met = conditions.iter().zip(1..);
    let met: Vec<_> = met
        .map(|(condition, number)| format!("{} = ${number}", condition.column))
        .collect();
    met.join(" AND ")
}

fn values<'a>(conditions: &[Condition<'a>]) -> impl Iterator<Item = Argument<'a>> {
    conditions.iter().map(|condition| condition.value.clone())
}

/// A part of the rows that meet all of these conditions, sorted by a column that is never null. The database finds and counts them: with
/// an index that begins with the columns of the conditions, it reads no other rows.
pub(crate) async fn part_where<R: Record>(
    tx: &mut Tx<'_>,
    conditions: &[Condition<'_>],
    column: &'static str,
    descending: bool,
    part: Part,
) -> Result<Paged<R>, Error> {
    let (table, columns) = (R::TABLE.name, R::TABLE.column_list());
    let (met, next) = (met(conditions), conditions.len() + 1);
    let way = if descending { " DESC" } else { "" };
    let page = sql(format!(
        "SELECT {columns} FROM {table} WHERE {met} ORDER BY {column}{way}, ordinal{way} LIMIT ${next} OFFSET ${}",
        next + 1
    ));
    let page = page.bind_all(values(conditions));
    let rows = tx
        .all(page.bind(part.limit.max(0)).bind(part.offset.max(0)))
        .await?;
    let count = sql(format!("SELECT COUNT(*) FROM {table} WHERE {met}"));
    let counted = tx.all(count.bind_all(values(conditions))).await?;
    Ok(Paged {
        rows: rows.iter().map(R::read).collect::<Result<_, _>>()?,
        total: counted.first().map_or(Ok(0), |row| row.int(0))?,
    })
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
    let select = format!("SELECT number, ordinal, {column} FROM {table} WHERE");
    for chosen in chosen {
        for row in chosen.rows(tx, &select, "").await? {
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
async fn part_of_all<R: Record>(
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

/// A part of all rows, or of those that somebody chose, in an order. The store may count the order; else this sorts.
pub(crate) async fn part_among<R: Record>(
    tx: &mut Tx<'_>,
    chosen: Option<Chosen<'_>>,
    all: List<R>,
    (column, counted): (&'static str, Option<Sort<R>>),
    descending: bool,
    part: Part,
) -> Result<Paged<R>, Error> {
    let lists = [all];
    match (chosen, counted) {
        (Some(chosen), _) => part_of(tx, &[chosen], column, descending, part).await,
        (None, Some(sort)) => {
            let sort = if descending { sort.reversed() } else { sort };
            store::page(tx, &lists, sort, part).await
        }
        (None, None) => part_of_all(tx, &lists, column, descending, part).await,
    }
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
