//! The counts for the order of creation: a tree over ordinals.
//!
//! A node of level `n` spans the ordinals that differ only in their lowest `8 * n` bits. The total is the sum of the
//! top level. Row number k is found by descending, with at most 256 nodes per level.

use std::{borrow::Cow, collections::BTreeMap};

use crate::store::{
    sql::{Argument, Error, Statement, Tx, sql},
    table::{Kind, Table, numbered, unreadable},
    writes::{Merge, Writes},
};

/// How many levels the tree has: a node of the top level spans 2^40 ordinals.
const LEVELS: i64 = 5;
/// How many bits of an ordinal each level removes.
const BITS: i64 = 8;

/// The table of the tree.
pub(crate) const NODES: Table = Table {
    name: "list_nodes",
    columns: &[
        ("list", Kind::Text),
        ("level", Kind::Int),
        ("node", Kind::Int),
        ("live", Kind::Int),
    ],
    key: &["list", "level", "node"],
};

/// How many rows each node gains (or loses, if negative).
#[derive(Debug, Default)]
pub(super) struct NodeMoves(BTreeMap<(Cow<'static, str>, i64, i64), i64>);

impl NodeMoves {
    /// Adds `by` rows with this ordinal to the list.
    pub(super) fn count(&mut self, list: Cow<'static, str>, ordinal: i64, by: i64) {
        for level in 1..=LEVELS {
            *self
                .0
                .entry((list.clone(), level, ordinal >> (BITS * level)))
                .or_default() += by;
        }
    }

    /// Adds the rows of the counts, and deletes the nodes whose count becomes 0.
    pub(super) fn write(mut self, writes: &mut Writes<'_>) {
        self.0.retain(|_, by| *by != 0);
        let rows = self.0.iter().map(|((list, level, node), by)| {
            vec![
                Argument::Text(Some(list.clone())),
                (*level).into(),
                (*node).into(),
                (*by).into(),
            ]
        });
        writes.put(NODES, rows.collect(), Merge::Add("live"));
        let shrunk: Vec<_> = self
            .0
            .iter()
            .filter(|(_, by)| **by < 0)
            .map(|((list, level, node), _)| {
                vec![
                    Argument::Text(Some(list.clone())),
                    (*level).into(),
                    (*node).into(),
                ]
            })
            .collect();
        writes.delete_empty(NODES, shrunk, "live");
    }
}

/// A place in a list: the rows from `ordinal` on; the first `skipped` of them (under 256) come before the place.
pub(super) struct Spot {
    pub(super) ordinal: i64,
    pub(super) skipped: i64,
}

/// The number of rows in the lists together, and the spot of one row. `wanted` gives the number of this row, from 0,
/// for that total. There is no spot if there is no such row.
pub(super) async fn locate(
    tx: &mut Tx<'_>,
    lists: &[&str],
    wanted: impl FnOnce(i64) -> Option<i64>,
) -> Result<(i64, Option<Spot>), Error> {
    let mut nodes = children(tx, lists, LEVELS, 0, i64::MAX >> (BITS * LEVELS)).await?;
    let total = nodes.iter().map(|(_, live)| live).sum();
    let Some(mut skipped) = wanted(total).filter(|wanted| *wanted < total) else {
        return Ok((total, None));
    };
    let mut level = LEVELS;
    loop {
        let mut found = None;
        for (node, live) in nodes {
            if skipped < live {
                found = Some(node);
                break;
            }
            skipped -= live;
        }
        let first = found
            .ok_or_else(|| unreadable("list_nodes does not add up: `muniment rebuild` makes it again"))?
            << BITS;
        level -= 1;
        if level == 0 {
            let ordinal = first;
            return Ok((total, Some(Spot { ordinal, skipped })));
        }
        nodes = children(tx, lists, level, first, first + (1 << BITS) - 1).await?;
    }
}

async fn children(
    tx: &mut Tx<'_>,
    lists: &[&str],
    level: i64,
    first: i64,
    last: i64,
) -> Result<Vec<(i64, i64)>, Error> {
    let names = numbered(4, lists.len());
    let statement: Statement<'_> = sql(format!(
        "SELECT node, CAST(SUM(live) AS BIGINT) FROM list_nodes \
         WHERE list IN ({names}) AND level = $1 AND node BETWEEN $2 AND $3 GROUP BY node ORDER BY node"
    ))
    .bind(level)
    .bind(first)
    .bind(last)
    .bind_all(lists.iter().copied());
    let rows = tx.all(statement).await?;
    rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
}
