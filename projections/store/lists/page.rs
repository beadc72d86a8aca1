//! Finding a page of a list.

use super::{List, Order, nodes, spans};
use crate::{
    page::{Page, Paged},
    store::{
        record::{Record, load},
        sql::{Error, Statement, Tx, sql},
    },
};

/// In which order the rows of lists are shown.
#[derive(Debug)]
pub struct Sort<R: 'static> {
    /// `None` is the order of creation.
    by: Option<&'static Order<R>>,
    descending: bool,
}

impl<R> Sort<R> {
    /// The row that was made first comes first.
    pub const OLDEST_FIRST: Self = Self {
        by: None,
        descending: false,
    };

    /// By an order that the record declares.
    pub const fn by(order: &'static Order<R>) -> Self {
        Self {
            by: Some(order),
            descending: false,
        }
    }

    /// The same the other way round.
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

/// A page of the rows of these lists together. Reads the same few hundred rows at most, whichever page it is.
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
    let (mut rows, total) = match sort.by {
        None => {
            let names: Vec<_> = lists.iter().map(|list| list.name).collect();
            let (total, spot) = nodes::locate(tx, &names, wanted).await?;
            let limit = sort.stretch(page, total).rows;
            match spot {
                None => (Vec::new(), total),
                Some(spot) => {
                    let rows = tx.all(rows_statement(lists, &spot, limit)).await?;
                    (rows.iter().map(R::read).collect::<Result<_, _>>()?, total)
                }
            }
        }
        Some(order) => {
            let names: Vec<_> = lists.iter().map(|list| order.of(list.name)).collect();
            let (total, spot) = spans::locate(tx, &names, wanted).await?;
            let limit = sort.stretch(page, total).rows;
            match spot {
                None => (Vec::new(), total),
                Some(spot) => {
                    let ordinals = spans::ordinals(tx, &names, &spot, limit).await?;
                    (in_order(tx, &ordinals).await?, total)
                }
            }
        }
    };
    if sort.descending {
        rows.reverse();
    }
    Ok(Paged { rows, total })
}

/// How many rows the lists have together.
pub async fn total<R: Record>(tx: &mut Tx<'_>, lists: &[List<R>]) -> Result<i64, Error> {
    let names: Vec<_> = lists.iter().map(|list| list.name).collect();
    Ok(nodes::locate(tx, &names, |_| None).await?.0)
}

/// The rows of these ordinals, in their order.
async fn in_order<R: Record>(tx: &mut Tx<'_>, ordinals: &[i64]) -> Result<Vec<R>, Error> {
    let rows: Vec<R> = load(tx, "ordinal", ordinals.iter().copied()).await?;
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|row| {
            (
                ordinals
                    .iter()
                    .position(|ordinal| row.ordinal() == Some(*ordinal)),
                row,
            )
        })
        .collect();
    rows.sort_by_key(|(number, _)| *number);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

/// Each list is read by its own index, so that the rows of a sparse list are not looked for among those of a dense one.
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
