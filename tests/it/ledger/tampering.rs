//! `verify` finds every change that was made directly in the ledger's tables, and says where it is.

use aggregates::values::RoleId;
use ledger::{Executor, Flaw, Ledger};
use projections::sql::{Db, sql};
use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
use tokio::runtime::Handle;

use super::{
    on_both_engines,
    site::{
        Site, metadata, new_session, new_user, role_created, role_granted, stored, token_issued, user_created,
    },
};

/// A ledger of 12 events with some of every kind.
async fn ledger_of_twelve(site: &Site) -> Ledger {
    let executor = Executor::new(site.ledger().await);
    let mut metadata = metadata();
    metadata.requestid = Some("request".to_owned());
    metadata.address = Some("192.0.2.7".to_owned());
    metadata.actor = new_user().to_string();
    executor
        .execute(vec![role_created(RoleId::ADMINISTRATOR, "role")], &metadata)
        .await
        .expect("a role");
    for name in ["ada", "grace", "katherine"] {
        let user = new_user();
        executor
            .execute(vec![user_created(user, name)], &metadata)
            .await
            .expect("a user");
        let more = vec![
            role_granted(user, RoleId::ADMINISTRATOR),
            token_issued(new_session(), user, "laptop"),
        ];
        executor.execute(more, &metadata).await.expect("a token");
    }
    let last = vec![
        role_created(aggregates::values::RoleId::MINIMUM_ACCESS, "wärter"),
        role_created(crate::ledger::site::new_role(), "\"last\""),
    ];
    executor.execute(last, &metadata).await.expect("roles");
    let ledger = executor.ledger().clone();
    assert_eq!(flaw(&ledger).await, None);
    assert_eq!(ledger.head().await.expect("the head").position, 12);
    ledger
}

async fn flaw(ledger: &Ledger) -> Option<Flaw> {
    ledger
        .verify(|_| ())
        .await
        .expect("a tampered ledger can still be walked")
        .flaw
}

/// Runs the statements and verifies. Then it restores the tables.
async fn flaw_after(site: &Site, ledger: &Ledger, statements: &[&str]) -> Option<Flaw> {
    let db = site.db().await;
    for table in ["events", "ledger_head"] {
        db.script(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"))
            .await
            .expect("a copy");
    }
    for statement in statements {
        assert!(
            db.execute(sql(*statement)).await.expect(statement) > 0,
            "{statement}"
        );
    }
    let found = flaw(ledger).await;
    for table in ["events", "ledger_head"] {
        db.script(&format!(
            "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}; DROP TABLE kept_{table}"
        ))
        .await
        .expect("the tables as before");
    }
    db.close().await;
    found
}

on_both_engines! {
    async fn a_changed_ledger_is_found_out(site: Site) {
        let ledger = ledger_of_twelve(&site).await;
        let copy = |position: i64, to: i64| format!(
            "INSERT INTO events SELECT {to}, aggregate_type, aggregate_id, sequence + 100, event_type, event_version, \
             recorded_at, payload, metadata, hash FROM events WHERE position = {position}"
        );
        let (before_the_first, beyond_the_last) = (copy(2, -3), copy(2, 13));
        let swap = ["UPDATE events SET position = -1 WHERE position = 5",
            "UPDATE events SET position = 5 WHERE position = 6",
            "UPDATE events SET position = 6 WHERE position = -1"];
        let json = |column: &str, json: &str| format!("UPDATE events SET {column} = '{json}' WHERE position = 6");
        let (payload, not_there, metadata) =
            (json("payload", "{}"), json("payload", "null"), json("metadata", "[]"));
        let event = ledger.after(5, 1, &Default::default()).await.expect("an event").remove(0);
        let added = event.metadata.replacen('{', r#"{"more": 1, "#, 1);
        let added = json("metadata", &added);
        let cases: [(&[&str], Flaw); 21] = [
            (&["UPDATE events SET event_type = 'user.renamed' WHERE position = 4"], Flaw::Altered(4)),
            (&["UPDATE events SET event_version = '2' WHERE position = 12"], Flaw::Altered(12)),
            (&["UPDATE events SET aggregate_type = 'users' WHERE position = 4"], Flaw::Altered(4)),
            (&["UPDATE events SET aggregate_id = 'x' WHERE position = 4"], Flaw::Altered(4)),
            (&["UPDATE events SET sequence = 9 WHERE position = 7"], Flaw::Altered(7)),
            (&["UPDATE events SET recorded_at = recorded_at + 1 WHERE position = 1"], Flaw::Altered(1)),
            (&["UPDATE events SET recorded_at = -recorded_at WHERE position = 1"], Flaw::Altered(1)),
            (&[payload.as_str()], Flaw::Altered(6)),
            (&[not_there.as_str()], Flaw::Altered(6)),
            (&[metadata.as_str()], Flaw::Altered(6)),
            (&[added.as_str()], Flaw::Altered(6)),
            (&["UPDATE events SET hash = (SELECT hash FROM ledger_head) WHERE position = 11"], Flaw::Altered(11)),
            (&swap, Flaw::Altered(5)),
            (&["DELETE FROM events WHERE position = 1"], Flaw::Missing(1)),
            (&["DELETE FROM events WHERE position = 6"], Flaw::Missing(6)),
            (&["DELETE FROM events WHERE position = 12"], Flaw::Head { head: 12, events: 11 }),
            (&["DELETE FROM events"], Flaw::Head { head: 12, events: 0 }),
            (&["UPDATE ledger_head SET hash = (SELECT hash FROM events WHERE position = 3)"], Flaw::Head { head: 12, events: 12 }),
            (&["UPDATE ledger_head SET position = 11, hash = (SELECT hash FROM events WHERE position = 11)"], Flaw::Head { head: 11, events: 12 }),
            (&[before_the_first.as_str()], Flaw::Altered(-3)),
            (&[beyond_the_last.as_str()], Flaw::Head { head: 12, events: 13 }),
        ];
        for (statements, expected) in cases {
            assert_eq!(flaw_after(&site, &ledger, statements).await, Some(expected), "{statements:?}");
        }
        assert_eq!(flaw(&ledger).await, None);
    }

    async fn a_field_that_was_written_twice_is_found_out(site: Site) {
        let ledger = ledger_of_twelve(&site).await;
        let event = ledger.after(1, 1, &Default::default()).await.expect("an event").remove(0);
        for (column, json) in [("payload", &event.payload), ("metadata", &event.metadata)] {
            let first = json.trim_start_matches('{').split(',').next().expect("a field");
            let (name, _) = first.split_once(':').expect("a name");
            // The same value, and another one.
            for field in [first.to_owned(), format!(r#"{name}:"another""#)] {
                let twice = format!("UPDATE events SET {column} = '{{{field},' || substr({column}, 2) WHERE position = 2");
                let expected = Some(Flaw::Altered(2));
                assert_eq!(flaw_after(&site, &ledger, &[twice.as_str()]).await, expected, "{twice}");
            }
        }
    }

    async fn any_flipped_bit_is_found_out(site: Site) {
        let ledger = ledger_of_twelve(&site).await;
        let events = stored(&ledger).await.len();
        let db = site.db().await;
        let columns = (0..events, 0..COLUMNS.len(), any::<Index>(), 0..8_u8);
        let mut runner = TestRunner::new(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() });
        tokio::task::block_in_place(|| {
            runner.run(&columns, |(event, column, byte, bit)| {
                Handle::current().block_on(async {
                    let position = event as i64 + 1;
                    let Some(change) = flip(&db, position, COLUMNS[column], byte, bit).await else {
                        return Err(TestCaseError::reject("the engine does not take this change"));
                    };
                    let found = flaw(&ledger).await;
                    restore(&db, position, COLUMNS[column], change).await;
                    let expected = Flaw::Altered(position);
                    prop_assert_eq!(found, Some(expected), "{} of {}, byte {:?}, bit {}", COLUMNS[column].0, position, byte, bit);
                    Ok(())
                })
            })
        })
        .expect("every flipped bit should be found");
        assert_eq!(flaw(&ledger).await, None);
    }

    async fn verifying_goes_on_while_others_write(site: Site) {
        let ledger = site.ledger().await;
        let writer = site.ledger().await;
        let verify = async {
            for _ in 0..20 {
                assert_eq!(flaw(&ledger).await, None);
            }
        };
        let write = crate::ledger::child::append_units(&writer, 60);
        tokio::join!(verify, write);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Text,
    Json,
    Number,
    Bytes,
}

const COLUMNS: [(&str, Kind); 9] = [
    ("aggregate_type", Kind::Text),
    ("aggregate_id", Kind::Text),
    ("sequence", Kind::Number),
    ("event_type", Kind::Text),
    ("event_version", Kind::Text),
    ("recorded_at", Kind::Number),
    ("payload", Kind::Json),
    ("metadata", Kind::Json),
    ("hash", Kind::Bytes),
];

/// Flips one bit of one value. Returns the old value. `None` if the engine refuses, or if the value still has the same
/// meaning (a hexadecimal digit of an escape in the other case).
async fn flip(db: &Db, position: i64, (column, kind): (&str, Kind), byte: Index, bit: u8) -> Option<Vec<u8>> {
    let row = db
        .optional(sql(format!("SELECT {column} FROM events WHERE position = $1")).bind(position))
        .await;
    let row = row.expect("an event").expect("an event");
    let old = match kind {
        Kind::Text | Kind::Json => row.text(0).expect("a text").into_bytes(),
        Kind::Number => row.int(0).expect("a number").to_be_bytes().to_vec(),
        Kind::Bytes => row.bytes(0).expect("bytes"),
    };
    let mut new = old.clone();
    *byte.get_mut(&mut new) ^= 1 << bit;
    if kind == Kind::Json {
        let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
        if read(&old) == read(&new) {
            return None;
        }
    }
    write(db, position, (column, kind), new).await.then_some(old)
}

async fn restore(db: &Db, position: i64, column: (&str, Kind), old: Vec<u8>) {
    assert!(write(db, position, column, old).await);
}

/// Writes a value. Returns whether the engine accepted it.
async fn write(db: &Db, position: i64, (column, kind): (&str, Kind), value: Vec<u8>) -> bool {
    let new = match (db, kind) {
        (Db::Postgres(_), Kind::Text | Kind::Json) => "convert_from($2, 'UTF8')",
        (Db::Sqlite { .. }, Kind::Text | Kind::Json) => "CAST($2 AS TEXT)",
        (_, Kind::Number | Kind::Bytes) => "$2",
    };
    let update = sql(format!("UPDATE events SET {column} = {new} WHERE position = $1")).bind(position);
    let update = match kind {
        Kind::Number => update.bind(i64::from_be_bytes(value.try_into().expect("eight bytes"))),
        _ => update.bind(value),
    };
    db.execute(update).await.is_ok_and(|changed| changed == 1)
}
