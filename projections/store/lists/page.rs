//! Finds a page of a list.

use super::{Key, List, ListsOf, OfValue, Order, marks, nodes};
use crate::{
    page::{Paged, Part},
    store::{
        record::Record,
        sql::{Error, Statement, Tx, sql},
    },
};

/// The order in which lists are shown.
#[derive(Debug)]
pub struct Sort<R: 'static> {
    /// `None` means the order of creation.
    by: Option<&'static Order<R>>,
    descending: bool,
}

impl<R> Sort<R> {
    /// The oldest row comes first.
    pub const OLDEST_FIRST: Self = Self {
        by: None,
        descending: false,
    };

    /// Sorts by an order that the record declares.
    pub const fn by(order: &'static Order<R>) -> Self {
        Self {
            by: Some(order),
            descending: false,
        }
    }

    /// The same order, reversed.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self {
            by: self.by,
            descending: !self.descending,
        }
    }
}

/// Rows of a list, counted in its ascending order.
#[derive(Clone, Copy)]
struct Stretch {
    first: i64,
    rows: i64,
}

impl<R> Sort<R> {
    /// The rows of a page of a list of `total` rows.
    fn stretch(&self, page: Part, total: i64) -> Stretch {
        let skipped = page.offset.max(0);
        let left = total.saturating_sub(skipped).max(0);
        let rows = left.min(page.limit.max(0));
        let first = if self.descending { left - rows } else { skipped };
        Stretch { first, rows }
    }
}

/// A page of the rows of these lists together. It reads at most the same few hundred rows for each page.
pub async fn page<R: Record>(
    tx: &mut Tx<'_>,
    lists: &[List<R>],
    sort: Sort<R>,
    page: impl Into<Part>,
) -> Result<Paged<R>, Error> {
    let names: Vec<_> = lists.iter().map(|list| list.name).collect();
    let conditions: Vec<_> = lists.iter().map(|list| list.condition).collect();
    let sorted = sort.by.map(|order| order.of(lists));
    rows(tx, (&names, &conditions, None), sorted, &sort, page.into()).await
}

/// A page of the rows with this value of a column. It reads as few rows as a page of all rows.
pub async fn page_of<R: Record>(
    tx: &mut Tx<'_>,
    lists: &ListsOf<R>,
    value: Key<'_>,
    sort: Sort<R>,
    page: impl Into<Part>,
) -> Result<Paged<R>, Error> {
    let of = lists.of(value);
    let sorted = sort.by.map(|order| order.of_value(lists.name, &of));
    rows(
        tx,
        (&[&of.named(lists.name)], &[""], Some(&of)),
        sorted,
        &sort,
        page.into(),
    )
    .await
}

/// Lists in the order of creation: their stored names, their conditions, and the value whose rows they have.
type Created<'a> = (&'a [&'a str], &'a [&'a str], Option<&'a OfValue>);

async fn rows<R: Record>(
    tx: &mut Tx<'_>,
    (names, conditions, of): Created<'_>,
    sorted: Option<marks::SortedTable>,
    sort: &Sort<R>,
    page: Part,
) -> Result<Paged<R>, Error> {
    let wanted = |total| {
        let stretch = sort.stretch(page, total);
        (stretch.rows > 0).then_some(stretch.first)
    };
    let (statement, total) = match sorted {
        None => {
            let (total, spot) = nodes::locate(tx, names, wanted).await?;
            let limit = sort.stretch(page, total).rows;
            let statement = spot.map(|spot| rows_statement::<R>(conditions, of, &spot, limit));
            (statement, total)
        }
        Some(sorted) => {
            let (total, spot) = marks::locate(tx, &sorted, wanted).await?;
            let (limit, columns) = (sort.stretch(page, total).rows, R::TABLE.column_list());
            let statement = spot.map(|spot| marks::rows_statement(&sorted, &columns, &spot, limit));
            (statement.transpose()?, total)
        }
    };
    let rows = match statement {
        Some(statement) => tx.all(statement).await?,
        None => Vec::new(),
    };
    let mut rows = rows.iter().map(R::read).collect::<Result<Vec<_>, _>>()?;
    if sort.descending {
        rows.reverse();
    }
    Ok(Paged { rows, total })
}

/// The number of rows in the lists together.
pub async fn total<R: Record>(tx: &mut Tx<'_>, lists: &[List<R>]) -> Result<i64, Error> {
    let names: Vec<_> = lists.iter().map(|list| list.name).collect();
    Ok(nodes::locate(tx, &names, |_| None).await?.0)
}

/// The number of rows with this value of a column.
pub async fn total_of<R: Record>(tx: &mut Tx<'_>, lists: &ListsOf<R>, value: Key<'_>) -> Result<i64, Error> {
    let name = lists.of(value).named(lists.name);
    Ok(nodes::locate(tx, &[&name], |_| None).await?.0)
}

/// Reads each list by its own index. So the database does not search a dense list for the rows of a sparse one.
fn rows_statement<R: Record>(
    conditions: &[&str],
    of: Option<&OfValue>,
    spot: &nodes::Spot,
    limit: i64,
) -> Statement<'static> {
    let columns = R::TABLE.column_list();
    let of_value = of.map_or(String::new(), |of| format!("{} = $5 AND ", of.column));
    let parts: Vec<_> = conditions
        .iter()
        .enumerate()
        .map(|(n, condition)| {
            format!(
                "SELECT {columns} FROM (SELECT {columns} FROM {} WHERE {of_value}{condition} ordinal >= $1 \
                 ORDER BY ordinal LIMIT $2) AS list{n}",
                R::TABLE.name,
            )
        })
        .collect();
    sql(format!(
        "{} ORDER BY ordinal LIMIT $3 OFFSET $4",
        parts.join(" UNION ALL ")
    ))
    .bind(spot.ordinal)
    .bind(spot.skipped + limit)
    .bind(limit)
    .bind(spot.skipped)
    .bind_all(of.map(OfValue::argument))
}
