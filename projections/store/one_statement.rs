//! Statements of Postgres that take rows as arrays, and one statement of everything that a batch writes.
//!
//! Each step is a part of the statement (`WITH w0 AS (INSERT ...)`) and takes its rows as one array for each column. So the
//! text depends on the tables that a batch writes and not on the number of its rows, and a connection keeps few prepared
//! statements. Every part joins the row that the first part changes. If the first part changes no row, nothing is written.

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
};

use super::{
    sql::{Argument, Array, Error},
    table::{Kind, Table, unreadable},
    writes::{Action, Merge, Step, Writes, and_is_empty},
};

/// The rows that a step touches.
enum Touched {
    /// It puts rows with these keys.
    Put(HashSet<String>),
    /// It deletes rows with these keys.
    Delete(HashSet<String>),
    /// It deletes sets of rows.
    Sets,
}

impl Touched {
    fn is_apart_from(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Put(some), Self::Delete(others)) | (Self::Delete(some), Self::Put(others)) => {
                some.is_disjoint(others)
            }
            _ => false,
        }
    }
}

impl Writes<'_> {
    /// Whether one statement can write all steps. All parts of a statement see the tables as they were before it, and run in
    /// no fixed order. So no row may be in two steps: a table may be in two steps only if one puts rows, the other deletes
    /// rows by their primary keys, and no key is in both. A step that deletes rows whose counter is 0 must see the new counter,
    /// so it cannot be a part.
    pub fn fit_one_statement(&self) -> bool {
        let mut of_table: HashMap<&'static str, Vec<&Step<'_>>> = HashMap::new();
        for step in &self.steps {
            of_table.entry(step.table.name).or_default().push(step);
        }
        of_table.values().all(|steps| match steps.as_slice() {
            [step] => !matches!(step.action, Action::Delete { empty: Some(_), .. }),
            [one, other] => {
                let both = one.touched().zip(other.touched());
                both.is_some_and(|(one, other)| one.is_apart_from(&other))
            }
            _ => false,
        })
    }

    /// The statement that writes all steps if `compare`, an `UPDATE`, changes its row. Also returns the arrays for the
    /// placeholders from `first` on. The statement returns the number of rows that `compare` changed.
    pub(crate) fn one_statement(
        &self,
        compare: &str,
        first: usize,
    ) -> Result<(String, Vec<Array<'_>>), Error> {
        let mut text = format!("WITH head AS ({compare} RETURNING 1)");
        let mut arrays = Vec::new();
        for (number, step) in self.steps.iter().enumerate() {
            let _ = write!(text, ", w{number} AS (");
            step.write_part(&mut text, &mut arrays, (first, "head, "))?;
            text.push(')');
        }
        text.push_str(" SELECT COUNT(*) FROM head");
        Ok((text, arrays))
    }
}

impl Step<'_> {
    /// The rows that the step touches; `None` if it cannot be a part of a statement.
    fn touched(&self) -> Option<Touched> {
        match &self.action {
            Action::Put { rows, .. } => {
                let at: Vec<usize> = self.table.key_columns().collect();
                let key = |row: &Vec<Argument<'_>>| text_of(at.iter().filter_map(|n| row.get(*n)));
                Some(Touched::Put(rows.iter().map(key).collect()))
            }
            Action::Delete { empty: Some(_), .. } => None,
            Action::Delete { columns, keys, .. } if columns == self.table.key => {
                let key = |key: &Vec<Argument<'_>>| text_of(key.iter());
                Some(Touched::Delete(keys.iter().map(key).collect()))
            }
            Action::Delete { .. } => Some(Touched::Sets),
        }
    }

    fn write_part<'s>(
        &'s self,
        text: &mut String,
        arrays: &mut Vec<Array<'s>>,
        place: Place,
    ) -> Result<(), Error> {
        match &self.action {
            Action::Put { rows, merge } => write_insert(text, arrays, place, (&self.table, *merge), rows),
            Action::Delete { columns, keys, empty } => {
                let condition = and_is_empty(*empty);
                write_delete(text, arrays, place, (&self.table, columns, &condition), keys)
            }
        }
    }
}

/// The number of the first placeholder, and what the part joins.
type Place = (usize, &'static str);

/// `INSERT` of rows that come as one array for each column.
pub(super) fn insert<'s>(
    table: &Table,
    rows: &'s [Vec<Argument<'_>>],
    merge: Merge,
) -> Result<(String, Vec<Array<'s>>), Error> {
    let (mut text, mut arrays) = (String::new(), Vec::new());
    write_insert(&mut text, &mut arrays, (1, ""), (table, merge), rows)?;
    Ok((text, arrays))
}

/// `DELETE` of the rows whose `columns` have one of these values, which come as one array for each column.
pub(super) fn delete<'s>(
    table: &Table,
    columns: &[&'static str],
    keys: &'s [Vec<Argument<'_>>],
    condition: &str,
) -> Result<(String, Vec<Array<'s>>), Error> {
    let (mut text, mut arrays) = (String::new(), Vec::new());
    write_delete(&mut text, &mut arrays, (1, ""), (table, columns, condition), keys)?;
    Ok((text, arrays))
}

fn write_insert<'s>(
    text: &mut String,
    arrays: &mut Vec<Array<'s>>,
    (first, joined): Place,
    (table, merge): (&Table, Merge),
    rows: &'s [Vec<Argument<'_>>],
) -> Result<(), Error> {
    let kinds: Vec<_> = table.columns.iter().map(|(_, kind)| *kind).collect();
    let picked = list(&kinds, |n, _| format!("v.c{n}"));
    let (name, columns) = (table.name, table.column_list());
    let _ = write!(
        text,
        "INSERT INTO {name} ({columns}) SELECT {picked} FROM {joined}"
    );
    write_unnest(text, arrays, first, &kinds, rows)?;
    text.push_str(&table.on_conflict(merge));
    Ok(())
}

fn write_delete<'s>(
    text: &mut String,
    arrays: &mut Vec<Array<'s>>,
    (first, joined): Place,
    (table, columns, condition): (&Table, &[&'static str], &str),
    keys: &'s [Vec<Argument<'_>>],
) -> Result<(), Error> {
    let (name, kinds) = (table.name, columns.iter().map(|column| table.kind(column)));
    let kinds = kinds.collect::<Result<Vec<_>, _>>()?;
    let _ = write!(text, "DELETE FROM {name} USING {joined}");
    write_unnest(text, arrays, first, &kinds, keys)?;
    for (n, column) in columns.iter().enumerate() {
        let and = if n == 0 { "WHERE" } else { "AND" };
        let _ = write!(text, " {and} {name}.{column} = v.c{n}");
    }
    text.push_str(condition);
    Ok(())
}

/// `unnest($1::text[], $2::bigint[]) AS v(c0, c1)`: the rows as one array for each column.
fn write_unnest<'s>(
    text: &mut String,
    arrays: &mut Vec<Array<'s>>,
    first: usize,
    kinds: &[Kind],
    rows: &'s [Vec<Argument<'_>>],
) -> Result<(), Error> {
    let start = first + arrays.len();
    for (n, kind) in kinds.iter().enumerate() {
        arrays.push(column(*kind, rows, n)?);
    }
    let typed = list(kinds, |n, kind| {
        let of = match kind {
            Kind::Text | Kind::TextOrNull => "text",
            Kind::Id | Kind::IdOrNull => "uuid",
            Kind::Int | Kind::IntOrNull => "bigint",
            Kind::Bool => "boolean",
            Kind::Bytes => "bytea",
        };
        format!("${}::{of}[]", start + n)
    });
    let names = list(kinds, |n, _| format!("c{n}"));
    let _ = write!(text, "unnest({typed}) AS v({names})");
    Ok(())
}

fn list(kinds: &[Kind], item: impl Fn(usize, Kind) -> String) -> String {
    let items = kinds.iter().enumerate().map(|(n, kind)| item(n, *kind));
    items.collect::<Vec<_>>().join(", ")
}

/// The values of one column. A value of another kind is an error.
fn column<'s>(kind: Kind, rows: &'s [Vec<Argument<'_>>], n: usize) -> Result<Array<'s>, Error> {
    let values = rows.iter().map(|row| row.get(n));
    let array = match kind {
        Kind::Text | Kind::TextOrNull => values
            .map(|value| match value? {
                Argument::Text(text) => Some(text.as_deref()),
                Argument::Id(_) | Argument::Int(_) | Argument::Bool(_) | Argument::Bytes(_) => None,
            })
            .collect::<Option<_>>()
            .map(Array::Text),
        Kind::Id | Kind::IdOrNull => values
            .map(|value| match value? {
                Argument::Id(id) => Some(*id),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Array::Id),
        Kind::Int | Kind::IntOrNull => values
            .map(|value| match value? {
                Argument::Int(number) => Some(*number),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Array::Int),
        Kind::Bool => values
            .map(|value| match value? {
                Argument::Bool(truth) => Some(*truth),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Array::Bool),
        Kind::Bytes => values
            .map(|value| match value? {
                Argument::Bytes(bytes) => Some(Some(bytes.as_ref())),
                _ => None,
            })
            .collect::<Option<_>>()
            .map(Array::Bytes),
    };
    array.ok_or_else(|| unreadable("a value is not of the kind of its column"))
}

fn text_of<'a, 'b: 'a>(key: impl Iterator<Item = &'a Argument<'b>>) -> String {
    key.fold(String::new(), |mut text, value| {
        let _ = write!(text, "{value:?}\0");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPS: Table = Table {
        name: "ships",
        columns: &[
            ("number", Kind::Int),
            ("name", Kind::TextOrNull),
            ("log", Kind::Bytes),
        ],
        key: &["number"],
    };

    fn ship(number: i64) -> Vec<Argument<'static>> {
        vec![number.into(), "Vasa".into(), vec![7_u8].into()]
    }

    fn deleted(numbers: &[i64]) -> Vec<Vec<Argument<'static>>> {
        numbers.iter().map(|number| vec![(*number).into()]).collect()
    }

    #[test]
    fn a_statement_has_a_part_for_each_step_and_an_array_for_each_column() {
        let mut writes = Writes::default();
        writes.delete(SHIPS, &["number"], deleted(&[1, 2]));
        writes.put(SHIPS, vec![ship(3)], Merge::Replace);
        let (text, arrays) = writes.one_statement("UPDATE head SET n = $1", 2).unwrap();
        assert_eq!(
            text,
            "WITH head AS (UPDATE head SET n = $1 RETURNING 1), \
             w0 AS (DELETE FROM ships USING head, unnest($2::bigint[]) AS v(c0) WHERE ships.number = v.c0), \
             w1 AS (INSERT INTO ships (number, name, log) SELECT v.c0, v.c1, v.c2 FROM head, \
             unnest($3::bigint[], $4::text[], $5::bytea[]) AS v(c0, c1, c2) \
             ON CONFLICT (number) DO UPDATE SET name = excluded.name, log = excluded.log) \
             SELECT COUNT(*) FROM head"
        );
        assert_eq!(arrays.len(), 4);
    }

    #[test]
    fn a_row_that_is_expected_to_be_new_is_not_looked_for() {
        let text = |merge| {
            let mut writes = Writes::default();
            writes.put(SHIPS, vec![ship(3)], merge);
            writes.one_statement("UPDATE head SET n = $1", 2).unwrap().0
        };
        assert!(!text(Merge::Expected).contains("ON CONFLICT"));
        assert!(text(Merge::Replace).contains("ON CONFLICT"));
    }

    #[test]
    fn a_value_of_another_kind_is_an_error() {
        let mut writes = Writes::default();
        let mut row = ship(1);
        row[1] = 5_i64.into();
        writes.put(SHIPS, vec![row], Merge::New);
        assert!(writes.one_statement("UPDATE head SET n = $1", 2).is_err());
        let mut short = Writes::default();
        short.put(SHIPS, vec![vec![1_i64.into()]], Merge::New);
        assert!(short.one_statement("UPDATE head SET n = $1", 2).is_err());
        let mut unknown = Writes::default();
        unknown.delete(SHIPS, &["captain"], vec![vec!["Vasa".into()]]);
        assert!(unknown.one_statement("UPDATE head SET n = $1", 2).is_err());
    }

    #[test]
    fn a_row_in_two_steps_needs_two_statements() {
        let of = |steps: &[(&str, &[i64])]| {
            let mut writes = Writes::default();
            for (what, numbers) in steps {
                match *what {
                    "put" => writes.put(SHIPS, numbers.iter().copied().map(ship).collect(), Merge::New),
                    "delete" => writes.delete(SHIPS, &["number"], deleted(numbers)),
                    "set" => writes.delete(SHIPS, &["name"], vec![vec!["Vasa".into()]]),
                    _ => writes.delete_empty(SHIPS, deleted(numbers), "number"),
                }
            }
            writes.fit_one_statement()
        };
        assert!(of(&[]));
        assert!(of(&[("delete", &[1, 2]), ("put", &[3])]));
        assert!(of(&[("set", &[])]));
        assert!(!of(&[("delete", &[1, 2]), ("put", &[2])]));
        assert!(!of(&[("put", &[1]), ("put", &[2])]));
        assert!(!of(&[("delete", &[1]), ("delete", &[2])]));
        assert!(!of(&[("set", &[]), ("put", &[2])]));
        assert!(!of(&[("put", &[2]), ("set", &[])]));
        assert!(!of(&[("empty", &[2])]));
    }
}
