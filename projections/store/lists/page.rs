//! Finds a page of a list.

use super::{List, Order, marks, nodes};
use crate::{
    page::{Page, Paged},
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
    fn stretch(&self, page: &Page, total: i64) -> Stretch {
        let left = total.saturating_sub(page.skipped()).max(0);
        let rows = left.min(page.limit());
        let first = if self.descending {
            left - rows
        } else {
            page.skipped()
        };
        Stretch { first, rows }
    }
}

/// A page of the rows of these lists together. It reads at most the same few hundred rows for each page.
pub async fn page<R: Record>(
    tx: &mut Tx<'_>,
    lists: &[List<R>],
    sort: Sort<R>,
    page: &Page,
) -> Result<Paged<R>, Error> {
    let wanted = |total| {
        let stretch = sort.stretch(page, total);
        (stretch.rows > 0).then_some(stretch.first)
    };
    let (statement, total) = match sort.by {
        None => {
            let names: Vec<_> = lists.iter().map(|list| list.name).collect();
            let (total, spot) = nodes::locate(tx, &names, wanted).await?;
            let limit = sort.stretch(page, total).rows;
            (spot.map(|spot| rows_statement(lists, &spot, limit)), total)
        }
        Some(order) => {
            let sorted = order.of(lists);
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

/// Reads each list by its own index. So the database does not search a dense list for the rows of a sparse one.
fn rows_statement<R: Record>(lists: &[List<R>], spot: &nodes::Spot, limit: i64) -> Statement<'static> {
    let columns = R::TABLE.column_list();
    let parts: Vec<_> = lists
        .iter()
        .enumerate()
        .map(|(n, list)| {
            format!(
                "SELECT {columns} FROM (SELECT {columns} FROM {} WHERE {} ordinal >= $1 \
                 ORDER BY ordinal LIMIT $2) AS list{n}",
                R::TABLE.name,
                list.condition,
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
}
