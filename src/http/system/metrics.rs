//! `GET /metrics`

mod text;

use axum::{extract::State, http::header, response::IntoResponse};
use ledger::Because;
use server::{App, ByPath, Permitted};

use text::{Kind, Metrics};

/// The format: docs/metrics.md.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What this process counts, in the text format of Prometheus (version 0.0.4).
#[utoipa::path(get, path = "/metrics", tag = "system", responses(
    (status = 200, description = "The counters and gauges of this process", body = String, content_type = "text/plain",
        example = json!("# HELP muniment_ledger_position The last event that this process knows.\n"))
))]
pub(super) async fn metrics(_: Permitted<ByPath>, State(app): State<App>) -> impl IntoResponse {
    let mut metrics = Metrics::default();
    of_ledger(&app, &mut metrics);
    of_requests(&app, &mut metrics);
    of_brokers(&app, &mut metrics);
    ([(header::CONTENT_TYPE, FORMAT)], metrics.text())
}

fn of_ledger(app: &App, metrics: &mut Metrics) {
    let ledger = app.ledger();
    metrics.one(
        Kind::Gauge,
        "ledger_position",
        "The last event that this process knows.",
        ledger.authorization().position(),
    );
    metrics.one(
        Kind::Gauge,
        "ledger_age_milliseconds",
        "How old the knowledge of this process may be.",
        ledger.age().as_millis(),
    );
    let paths = ledger.paths();
    metrics.one(
        Kind::Counter,
        "ledger_batches_sent_total",
        "Batches that were decided without the lock of the head.",
        paths.sent(),
    );
    metrics.one(
        Kind::Counter,
        "ledger_batches_landed_total",
        "Batches that were decided without the lock, and written.",
        paths.fast(),
    );
    metrics.one(
        Kind::Counter,
        "ledger_batches_overlapped_total",
        "Batches that were decided while the one before was in flight.",
        paths.overlapped(),
    );
    metrics.family(
        Kind::Counter,
        "ledger_batches_locked_total",
        "Batches that were decided under the lock, by the reason.",
    );
    for because in Because::ALL {
        metrics.sample(&[("because", &because.to_string())], paths.locked(because));
    }
}

fn of_requests(app: &App, metrics: &mut Metrics) {
    metrics.one(
        Kind::Counter,
        "password_hashes_total",
        "Passwords that were hashed.",
        app.passwords.runs(),
    );
    metrics.family(
        Kind::Counter,
        "requests_refused_total",
        "Refused requests, by the face and the code of the refusal.",
    );
    for (face, code, count) in app.counts().refusals() {
        metrics.sample(&[("face", face), ("code", code)], count);
    }
    metrics.family(
        Kind::Counter,
        "refusals_total",
        "Refusals that are kept for auditors, by their kind.",
    );
    for (kind, count) in app.counts().evidence() {
        metrics.sample(&[("kind", kind)], count);
    }
    metrics.family(
        Kind::Counter,
        "hooks_total",
        "Questions of brokers, by the path of the hook and the answer.",
    );
    for (hook, answer, count) in app.counts().hooks() {
        metrics.sample(&[("hook", &hook), ("answer", answer)], count);
    }
}

/// The label of a broker is its place in the setting, since its URL is an address.
fn of_brokers(app: &App, metrics: &mut Metrics) {
    let now = app.clock.now().micros();
    let head = app.ledger().authorization().position();
    let tallies: Vec<_> = app
        .tallies()
        .iter()
        .enumerate()
        .map(|(place, tally)| ((place + 1).to_string(), tally))
        .collect();
    metrics.family(
        Kind::Counter,
        "broker_kicks_total",
        "How often a broker was told to end the sessions of a user, by the place of the broker in BROKERS and by the result.",
    );
    for (broker, tally) in &tallies {
        let broker = ("broker", broker.as_str());
        metrics.sample(&[broker, ("result", "ended")], tally.ended());
        metrics.sample(&[broker, ("result", "failed")], tally.failed());
    }
    metrics.family(
        Kind::Gauge,
        "broker_kicks_pending",
        "Users whose sessions the broker still has to end.",
    );
    for (broker, tally) in &tallies {
        metrics.sample(&[("broker", broker)], tally.left());
    }
    metrics.family(
        Kind::Gauge,
        "broker_kicks_oldest_pending_seconds",
        "Since when the broker has had to end sessions.",
    );
    for (broker, tally) in &tallies {
        let age = tally
            .oldest()
            .map_or(0, |since| now.saturating_sub(since).max(0) / 1_000_000);
        metrics.sample(&[("broker", broker)], age);
    }
    metrics.family(
        Kind::Gauge,
        "broker_lag_events",
        "Events about which the broker was not told yet.",
    );
    for (broker, tally) in &tallies {
        metrics.sample(&[("broker", broker)], (head - tally.position()).max(0));
    }
}
