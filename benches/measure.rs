//! How much many workers get done in a while.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use crate::{
    context::Result,
    cpu::{Cpu, Shares},
};

/// When to count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Work that does not count yet.
    pub(crate) warm_up: Duration,
    /// How long it counts.
    pub(crate) length: Duration,
}

/// What workers share while they work.
#[derive(Debug, Default)]
pub(crate) struct Run {
    over: AtomicBool,
    done: AtomicU64,
}

impl Run {
    /// Whether there is still something to do.
    pub(crate) fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    /// One more is done.
    pub(crate) fn count(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    /// While it counted.
    pub(crate) per_second: f64,
    /// From the first to the last, also while it did not count.
    pub(crate) all: u64,
    /// While it counted.
    pub(crate) shares: Shares,
}

/// Values of several rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    /// In the order of the rounds.
    pub(crate) values: Vec<f64>,
    /// Of each round, where it was looked at.
    pub(crate) shares: Vec<Shares>,
}

impl Series {
    /// One more round.
    pub(crate) fn add(&mut self, rate: Rate) {
        self.values.push(rate.per_second);
        self.shares.push(rate.shares);
    }

    /// One more round, of which only the figure is known.
    pub(crate) fn push(&mut self, value: f64) {
        self.values.push(value);
    }
}

/// Runs `work` as many times at once as there are workers, each until [`Run::goes_on`] says no, and counts.
pub(crate) async fn rate<W, F>(workers: usize, window: Window, cpu: &Cpu, work: W) -> Result<Rate>
where
    W: Fn(usize, Arc<Run>) -> F,
    F: Future<Output = Result<()>> + Send + 'static,
{
    let run = Arc::new(Run::default());
    let mut tasks = JoinSet::new();
    for worker in 0..workers {
        tasks.spawn(work(worker, Arc::clone(&run)));
    }
    tokio::time::sleep(window.warm_up).await;
    let (cpu_before, before, begun) = (cpu.read()?, run.done.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(window.length).await;
    let (done, seconds) = (
        run.done.load(Ordering::Relaxed) - before,
        begun.elapsed().as_secs_f64(),
    );
    let shares = cpu.shares(&cpu_before, &cpu.read()?);
    run.over.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(Rate {
        per_second: done as f64 / seconds,
        all: run.done.load(Ordering::Relaxed),
        shares,
    })
}

/// The middle one.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this part of the values is.
pub(crate) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if part == 0.5 && count % 2 == 0 => (sorted[count / 2 - 1] + sorted[count / 2]) / 2.0,
        count => sorted[((count as f64 * part) as usize).min(count - 1)],
    }
}
