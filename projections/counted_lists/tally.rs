//! What a batch of events adds to lists and takes from them.

use std::collections::BTreeMap;

use super::{BITS, LEVELS, List};
use crate::{
    sql::{Error, Tx},
    tables::{Kind, Table, delete},
};

/// The counting tree's table.
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

/// Rows added to each node, less those taken away.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    nodes: BTreeMap<(List, i64, i64), i64>,
}

impl Tally {
    /// The list has a row of this ordinal from now on.
    pub(crate) fn add(&mut self, list: List, ordinal: i64) {
        self.count(list, ordinal, 1);
    }

    /// The list has the row of this ordinal no longer.
    pub(crate) fn remove(&mut self, list: List, ordinal: i64) {
        self.count(list, ordinal, -1);
    }

    fn count(&mut self, list: List, ordinal: i64, by: i64) {
        for level in 1..=LEVELS {
            *self
                .nodes
                .entry((list, level, ordinal >> (BITS * level)))
                .or_default() += by;
        }
    }

    /// Writes it down: one statement, and one more if a node may have come to nothing.
    pub(crate) async fn write(mut self, tx: &mut Tx<'_>) -> Result<(), Error> {
        self.nodes.retain(|_, by| *by != 0);
        let rows: Vec<_> = self
            .nodes
            .iter()
            .map(|(&(list, level, node), &by)| vec![list.name().into(), level.into(), node.into(), by.into()])
            .collect();
        NODES
            .upsert(tx, &rows, Some("live = list_nodes.live + excluded.live"))
            .await?;
        let shrunk: Vec<_> = self
            .nodes
            .iter()
            .filter(|(_, by)| **by < 0)
            .map(|(&(list, level, node), _)| vec![list.name().into(), level.into(), node.into()])
            .collect();
        delete(tx, NODES.name, NODES.key, &shrunk, " AND live = 0").await
    }
}
