//! Finding a page.

use super::{BITS, LEVELS, List};
use crate::{
    page::{Page, Paged},
    sql::{Error, Statement, Tx, sql},
    tables::{Record, unreadable},
};

/// A page of the rows of these lists together, oldest first. Reads the same few hundred rows at most, whichever
/// page it is. All lists are of the record's table.
pub(crate) async fn page<R: Record>(tx: &mut Tx<'_>, lists: &[List], page: &Page) -> Result<Paged<R>, Error> {
    let (total, start) = locate(tx, lists, page.skipped()).await?;
    let Some((ordinal, skipped)) = start else {
        return Ok(Paged {
            rows: Vec::new(),
            total,
        });
    };
    let rows = tx
        .all(rows_statement::<R>(lists, ordinal, skipped, page.limit()))
        .await?;
    Ok(Paged {
        rows: rows.iter().map(R::read).collect::<Result<_, _>>()?,
        total,
    })
}

/// How many rows the lists have together.
pub(crate) async fn total(tx: &mut Tx<'_>, lists: &[List]) -> Result<i64, Error> {
    Ok(locate(tx, lists, i64::MAX).await?.0)
}

/// How many rows the lists have together, and where the row after the first `skipped` is: an ordinal, and how
/// many rows to skip from it (under 256). None past the end.
async fn locate(
    tx: &mut Tx<'_>,
    lists: &[List],
    mut skipped: i64,
) -> Result<(i64, Option<(i64, i64)>), Error> {
    let mut total = 0;
    let (mut first, mut last) = (0, i64::MAX >> (BITS * LEVELS));
    for level in (1..=LEVELS).rev() {
        let mut found = None;
        for row in tx.all(nodes_statement(lists, level, first, last)).await? {
            let (node, live) = (row.int(0)?, row.int(1)?);
            if level == LEVELS {
                total += live;
            }
            if found.is_some() {
                continue;
            }
            if skipped < live {
                found = Some(node);
            } else {
                skipped -= live;
            }
        }
        match found {
            Some(node) => (first, last) = (node << BITS, (node << BITS) + (1 << BITS) - 1),
            None if level == LEVELS => return Ok((total, None)),
            None => {
                return Err(unreadable(
                    "list_nodes does not add up: `muniment rebuild` makes it anew",
                ));
            }
        }
    }
    Ok((total, Some((first, skipped))))
}

fn nodes_statement(lists: &[List], level: i64, first: i64, last: i64) -> Statement<'static> {
    let names = (4..4 + lists.len())
        .map(|n| format!("${n}"))
        .collect::<Vec<_>>()
        .join(", ");
    sql(format!(
        "SELECT node, CAST(SUM(live) AS BIGINT) FROM list_nodes \
         WHERE list IN ({names}) AND level = $1 AND node BETWEEN $2 AND $3 GROUP BY node ORDER BY node"
    ))
    .bind(level)
    .bind(first)
    .bind(last)
    .bind_all(lists.iter().map(|list| list.name()))
}

/// Each list is read by its own index, so that a sparse list is not looked for among the rows of a dense one.
fn rows_statement<R: Record>(lists: &[List], ordinal: i64, skipped: i64, limit: i64) -> Statement<'static> {
    let columns = R::TABLE.column_list();
    let parts: Vec<_> = lists
        .iter()
        .enumerate()
        .map(|(n, list)| {
            format!(
                "SELECT {columns} FROM (SELECT {columns} FROM {} WHERE {} ordinal >= $1 \
                 ORDER BY ordinal LIMIT $2) AS list{n}",
                R::TABLE.name,
                list.condition(),
            )
        })
        .collect();
    sql(format!(
        "{} ORDER BY ordinal LIMIT $3 OFFSET $4",
        parts.join(" UNION ALL ")
    ))
    .bind(ordinal)
    .bind(skipped + limit)
    .bind(limit)
    .bind(skipped)
}
