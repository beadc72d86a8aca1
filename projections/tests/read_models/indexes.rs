//! Each list has an index for each of its orders, and each set has one: without it, a page reads all rows.

use std::collections::BTreeMap;

use projections::{
    read_models::READ_MODELS,
    sql::{Db, sql},
};

use crate::world::both_engines;

const SQLITE: &str = "SELECT i.name, c.name FROM pragma_index_list($1) i JOIN pragma_index_info(i.name) c \
     ORDER BY i.name, c.seqno";
const POSTGRES: &str = "SELECT i.indexrelid::regclass::text, a.attname::text \
     FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS c (attnum, seqno) \
     JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = c.attnum \
     WHERE i.indrelid::regclass::text = $1 ORDER BY 1, c.seqno";

/// The columns of each index of a table.
async fn indexes(db: &Db, table: &str) -> Vec<Vec<String>> {
    let statement = match db {
        Db::Sqlite { .. } => SQLITE,
        Db::Postgres(_) => POSTGRES,
    };
    let mut indexes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in db.all(sql(statement).bind(table)).await.expect("the schema") {
        let (index, column) = (row.text(0).expect("a name"), row.text(1).expect("a name"));
        indexes.entry(index).or_default().push(column);
    }
    indexes.into_values().collect()
}

/// The indexes that the records of the read models ask for, and the tables lack.
async fn missing(db: &Db) -> Vec<String> {
    let mut missing = Vec::new();
    for (table, columns) in READ_MODELS.indexes() {
        let fits = |index: &Vec<String>| {
            index
                .iter()
                .map(String::as_str)
                .take(columns.len())
                .eq(columns.clone())
        };
        if !indexes(db, table).await.iter().any(fits) {
            missing.push(format!("{table} ({})", columns.join(", ")));
        }
    }
    missing
}

both_engines! {
    async fn every_list_and_every_set_has_its_index(world) {
        assert!(READ_MODELS.indexes().len() >= 10, "the records ask for no indexes");
        assert_eq!(missing(&world.db).await, Vec::<String>::new());
        let dropped = "DROP INDEX role_directory_by_list";
        world.db.execute(sql(dropped)).await.expect("the index is there");
        assert!(missing(&world.db).await.contains(&"role_directory (auto_generated, is_shared, ordinal)".to_owned()));
    }
}
