//! Records the statements that the driver runs. It works only on Postgres: there, statements run on the thread of the
//! test.

use std::sync::{Arc, Mutex};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// A statement that was run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ran {
    pub(crate) text: String,
    pub(crate) rows: u64,
}

/// Runs `work` on this thread and returns the statements that it ran, without the beginnings and ends of transactions.
pub(crate) async fn statements<T>(work: impl Future<Output = T>) -> (T, Vec<Ran>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let guard = tracing::subscriber::set_default(Listener {
        seen: Arc::clone(&seen),
    });
    let done = work.await;
    drop(guard);
    let seen = seen.lock().expect("nobody panicked").clone();
    let is_work = |ran: &Ran| {
        ["SELECT", "INSERT", "UPDATE", "DELETE"]
            .iter()
            .any(|verb| ran.text.starts_with(verb))
    };
    (done, seen.into_iter().filter(is_work).collect())
}

struct Listener {
    seen: Arc<Mutex<Vec<Ran>>>,
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn event(&self, event: &Event<'_>) {
        let mut ran = Ran::default();
        event.record(&mut ran);
        self.seen.lock().expect("nobody panicked").push(ran);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

impl Visit for Ran {
    fn record_str(&mut self, field: &Field, value: &str) {
        // If there is no longer text, the summary is the whole text.
        let value = value.trim();
        if field.name() == "db.statement" && !value.is_empty()
            || field.name() == "summary" && self.text.is_empty()
        {
            self.text = value.to_owned();
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows_returned" {
            self.rows = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl Ran {
    /// The statements of SQLite for one of Postgres. Only those of Postgres take arrays; SQLite deletes rows by keys, one after the
    /// other or many at once. An `INSERT` walks through nothing.
    pub(crate) fn on_sqlite(&self) -> Vec<String> {
        let text = &self.text;
        let Some((before, after)) = text.split_once("unnest(") else {
            return vec![text.clone()];
        };
        let Some(table) = before
            .strip_prefix("DELETE FROM ")
            .and_then(|rest| rest.split(' ').next())
        else {
            assert!(before.starts_with("INSERT INTO"), "{text}");
            return Vec::new();
        };
        let columns: Vec<&str> = after
            .split(&format!("{table}."))
            .filter_map(|part| Some(part.split_once(" = v.c")?.0))
            .collect();
        assert!(!columns.is_empty(), "{text}");
        let (all, places) = (columns.join(", "), vec!["?"; columns.len()].join(", "));
        vec![
            format!("DELETE FROM {table} WHERE {} = ?", columns.join(" = ? AND ")),
            format!("DELETE FROM {table} WHERE ({all}) IN (VALUES ({places}), ({places}))"),
        ]
    }
}
