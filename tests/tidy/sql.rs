//! SQL is only where the tables are known: in `projections/`, `src/ledger/` and `migrations/`.

use crate::{
    Source, assert_none,
    code::{code, has_word},
    program,
};

/// The folders that may use the database.
const ROOMS: [&str; 2] = ["projections/", "src/ledger/"];

/// How a statement begins, or continues after its first word.
const STATEMENTS: [&str; 8] = [
    "SELECT",
    "INSERT INTO",
    "DELETE FROM",
    "CREATE TABLE",
    "CREATE INDEX",
    "ALTER TABLE",
    "DROP TABLE",
    "sqlx",
];

fn misplaced(source: &Source) -> Vec<String> {
    if source.is_in(&ROOMS) {
        return Vec::new();
    }
    let code = code(&source.text);
    let is_update = |line: &&str| has_word(line, "UPDATE") && has_word(line, "SET");
    let is_statement = |line: &&str| STATEMENTS.iter().any(|word| has_word(line, word)) || is_update(line);
    let lines = code.lines().filter(is_statement);
    lines
        .map(|line| format!("{}: {}", source.path, line.trim()))
        .collect()
}

#[test]
fn sql_stands_in_its_rooms() {
    let found: Vec<String> = program().iter().flat_map(misplaced).collect();
    assert_none(&found, "SQL belongs into projections/ or src/ledger/:");
}

#[test]
fn sql_elsewhere_is_found() {
    for line in [
        "let all = \"SELECT id FROM users\";",
        "\"UPDATE users SET name = ?\"",
        "use sqlx::Row;",
        "query(\"DELETE FROM roles\")",
    ] {
        assert_eq!(
            misplaced(&Source::new("src/http/audit/events.rs", line)).len(),
            1,
            "{line}"
        );
        assert!(
            misplaced(&Source::new("projections/roles.rs", line)).is_empty(),
            "{line}"
        );
    }
    for line in ["// SELECT", "let selected = 1;", "/// An UPDATE of a user."] {
        assert!(
            misplaced(&Source::new("src/cli/mod.rs", line)).is_empty(),
            "{line}"
        );
    }
}
