//! Replays a ledger: the bare feed, into the read models, into the authorization engine, and by `verify`.

use std::{process::Stdio, time::Instant};

use authorization::Authorization;
use ledger::Ledger;
use projections::{read_models::READ_MODELS, rebuild::Shadow};

use super::stock::StockFeed;
use crate::{
    context::{Bench, Result, open_ledger},
    cpu::{Cpu, Processes, Reading},
    measure::{Rate, Series},
    progress, seed,
    table::{Row, Table},
};

/// How many events are read at once: the number of `muniment verify`, and of the replay for questions about the past.
const FEED_PAGE: i64 = 5_000;
const ENGINE_PAGE: i64 = 8_000;
/// The name of an engine.
const POSTGRES: &str = "Postgres";
/// The database of the ledger.
const DATABASE: &str = "bench_replay";

/// A ledger with its history, and the speed of its replays in events per second.
struct Subject {
    ledger: Ledger,
    name: &'static str,
    events: u64,
    /// The database of the shadow read models.
    shadow_url: String,
    filled: f64,
    feed: Series,
    engine: Series,
    verify: Series,
    models: Series,
}

/// The time and the processor's time that a pass over all events takes.
struct Clock {
    events: u64,
    cpu: Cpu,
    before: Reading,
    begun: Instant,
}

impl Clock {
    fn start(bench: &Bench, events: u64) -> Result<Self> {
        let cpu = Cpu::of(&[
            ("muniment", Processes::Own),
            ("postgres", Processes::Tree(bench.cluster.process)),
        ]);
        Ok(Self {
            events,
            before: cpu.read()?,
            cpu,
            begun: Instant::now(),
        })
    }

    fn stop(self) -> Result<Rate> {
        let seconds = self.begun.elapsed().as_secs_f64();
        Ok(Rate {
            per_second: self.events as f64 / seconds,
            all: self.events,
            shares: self.cpu.shares(&self.before, &self.cpu.read()?),
            latency: (f64::NAN, f64::NAN),
        })
    }
}

/// Measures the group.
pub(crate) async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    bench.cluster.create(DATABASE).await?;
    let url = bench.cluster.url(DATABASE);
    let mut postgres = Subject::fill(bench, POSTGRES, &url, url.clone()).await?;
    progress("  copying the events for cqrs-es");
    let stock = StockFeed::copy_of(bench, DATABASE).await?;
    bench.cluster.settle(DATABASE).await?;
    let file = bench.sqlite("replay.db");
    let mut sqlite = Subject::fill(bench, "SQLite", &file, bench.sqlite("rebuild.db")).await?;

    let (mut payloads, mut columns, mut streamed) = (Series::default(), Series::default(), Series::default());
    for round in 1..=bench.options.rounds {
        progress(&format!("  round {round}"));
        payloads.push(copy(bench, postgres.events, "SELECT payload FROM events").await?);
        postgres.read(bench).await?;
        columns.push(copy(bench, postgres.events, "SELECT * FROM events ORDER BY position").await?);
        let begun = Instant::now();
        streamed.push(stock.read().await? as f64 / begun.elapsed().as_secs_f64());
        sqlite.read(bench).await?;
    }
    let what = "feed, bare, Postgres";
    table.add(
        Row::rate(what, "events/s", &postgres.feed)
            .beside("COPY payload TO STDOUT", &payloads)
            .goal(0.5),
    );
    table.add(Row::rate(what, "events/s", &postgres.feed).beside("COPY of all columns, in order", &columns));
    table.add(Row::rate(what, "events/s", &postgres.feed).beside("postgres-es stream_all_events", &streamed));
    table.add(Row::rate("feed, bare, SQLite", "events/s", &sqlite.feed).beside(what, &postgres.feed));
    for subject in [postgres, sqlite] {
        subject.rows(table);
        subject.ledger.close().await;
    }
    bench.cluster.drop(DATABASE).await
}

/// Events per second of a COPY by psql to nowhere.
async fn copy(bench: &Bench, events: u64, select: &str) -> Result<f64> {
    let mut psql = bench.cluster.program("psql");
    psql.args([
        "-X",
        "-q",
        "-d",
        DATABASE,
        "-c",
        &format!("COPY ({select}) TO STDOUT"),
    ])
    .stdout(Stdio::null());
    let begun = Instant::now();
    let status = psql.status().await?;
    if status.success() {
        Ok(events as f64 / begun.elapsed().as_secs_f64())
    } else {
        Err(format!("psql ended with {status}").into())
    }
}

impl Subject {
    async fn fill(bench: &Bench, name: &'static str, url: &str, shadow_url: String) -> Result<Self> {
        let wanted = bench.options.events;
        progress(&format!("  recording {wanted} events on {name}"));
        let ledger = open_ledger(url).await?;
        let begun = Instant::now();
        seed::history(&ledger, wanted, &bench.password_hash().await?).await?;
        let seconds = begun.elapsed().as_secs_f64();
        let events = u64::try_from(ledger.head().await?.position)?;
        ledger.close().await;
        Ok(Self {
            // The ledger is opened again, without the authorization engine that the writing has filled.
            ledger: open_ledger(url).await?,
            name,
            events,
            shadow_url,
            filled: events as f64 / seconds,
            feed: Series::default(),
            engine: Series::default(),
            verify: Series::default(),
            models: Series::default(),
        })
    }

    /// One round of everything that only reads.
    async fn read(&mut self, bench: &Bench) -> Result<()> {
        let clock = Clock::start(bench, self.events)?;
        let bytes = self.bytes().await?;
        self.feed.add(clock.stop()?);
        if bytes == 0 {
            return Err("the feed is empty".into());
        }
        let clock = Clock::start(bench, self.events)?;
        let reached = self.replay_to_engine().await?;
        self.engine.add(clock.stop()?);
        let clock = Clock::start(bench, self.events)?;
        let verified = self.ledger.verify(|_| {}).await?;
        self.verify.add(clock.stop()?);
        let clock = Clock::start(bench, self.events)?;
        let filled = self.replay_to_read_models().await?;
        self.models.add(clock.stop()?);
        if verified.flaw.is_some() || [reached, filled] != [verified.events; 2] || bench.options.events == 0 {
            return Err("the ledger does not verify, or was not read to its end".into());
        }
        Ok(())
    }

    /// Reads pages to the end. Returns the number of bytes of payloads and metadata.
    async fn bytes(&self) -> Result<usize> {
        let (mut pages, mut bytes) = (self.ledger.pages(0, i64::MAX, FEED_PAGE), 0);
        while let Some(page) = pages.next().await? {
            bytes += page
                .iter()
                .map(|event| event.payload.len() + event.metadata.len())
                .sum::<usize>();
        }
        Ok(bytes)
    }

    async fn replay_to_engine(&self) -> Result<i64> {
        let engine = Authorization::new();
        let mut pages = self.ledger.opened_pages(0, i64::MAX, ENGINE_PAGE);
        while let Some(page) = pages.next().await? {
            engine.apply(&page);
        }
        Ok(engine.position())
    }

    /// Works like `muniment rebuild`, without the comparison at its end.
    async fn replay_to_read_models(&self) -> Result<i64> {
        let shadow = Shadow::create(self.ledger.db(), &self.shadow_url, READ_MODELS).await?;
        let reached = self.ledger.fill(&shadow, 0, i64::MAX, |_| {}).await?;
        shadow.drop(self.ledger.db()).await?;
        Ok(reached)
    }

    fn rows(&self, table: &mut Table) {
        let (name, feed) = (self.name, format!("feed, bare, {}", self.name));
        let events = format!(
            "{} events, recorded through the appender in units of up to 500 at {:.0} events/s",
            self.events, self.filled
        );
        // The goals are for Postgres, where two processes share the work.
        let row = |what: &str, ours: &Series, least: f64| {
            let row = Row::rate(format!("{what}, {name}"), "events/s", ours).beside(&feed, &self.feed);
            if name == POSTGRES {
                row.at_least(least)
            } else {
                row
            }
        };
        table.add(row("replay into the engine", &self.engine, 200_000.0).note(events));
        table.add(
            Row::rate(format!("verify, {name}"), "events/s", &self.verify)
                .beside(&feed, &self.feed)
                .goal(1.0),
        );
        table.add(row("replay into the read models", &self.models, 100_000.0));
    }
}
