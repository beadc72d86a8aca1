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
