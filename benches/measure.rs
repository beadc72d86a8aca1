//! Measures how many operations many workers do in a given time.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
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
    /// The time before the counting begins.
    pub(crate) warm_up: Duration,
    /// How long to count.
    pub(crate) length: Duration,
}

/// The state that workers share while they work.
#[derive(Debug, Default)]
pub(crate) struct Run {
    over: AtomicBool,
    done: AtomicU64,
    /// How long each timed operation took, in milliseconds.
    took: Mutex<Vec<f64>>,
}

impl Run {
    /// Whether the workers should continue.
    pub(crate) fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    /// Counts one operation.
    pub(crate) fn count(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one operation that began at `began`, and notes how long it took.
    pub(crate) fn count_since(&self, began: Instant) {
        self.took().push(began.elapsed().as_secs_f64() * 1_000.0);
        self.count();
    }

    fn took(&self) -> MutexGuard<'_, Vec<f64>> {
        self.took.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result of a measurement.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    /// Operations per second, during the counted time.
    pub(crate) per_second: f64,
    /// All operations, including those outside the counted time.
    pub(crate) all: u64,
    /// The use of the processor, during the counted time.
    pub(crate) shares: Shares,
    /// The 50th and the 99th percentile of the time of an operation, in milliseconds; NaN if the operations were not timed.
    pub(crate) latency: (f64, f64),
}

/// The values of several rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    /// In the order of the rounds.
    pub(crate) values: Vec<f64>,
    /// The use of the processor in each round, if it was read.
    pub(crate) shares: Vec<Shares>,
    /// The latencies of each round.
    pub(crate) latencies: Vec<(f64, f64)>,
}

impl Series {
    /// Adds a round.
    pub(crate) fn add(&mut self, rate: Rate) {
        self.values.push(rate.per_second);
        self.shares.push(rate.shares);
        self.latencies.push(rate.latency);
    }

    /// The latencies, as a remark: medians over the rounds.
    pub(crate) fn latency(&self) -> String {
        let (half, most): (Vec<_>, Vec<_>) = self.latencies.iter().copied().unzip();
        format!("p50 {:.2} ms, p99 {:.2} ms", median(&half), median(&most))
    }

    /// Adds a round of which only the figure is known.
    pub(crate) fn push(&mut self, value: f64) {
        self.values.push(value);
    }
}

/// Runs `work` once per worker, at the same time. Each runs until [`Run::goes_on`] is false. Counts the operations.
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
    run.took().clear();
    let (cpu_before, before, begun) = (cpu.read()?, run.done.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(window.length).await;
    let (done, seconds) = (
        run.done.load(Ordering::Relaxed) - before,
        begun.elapsed().as_secs_f64(),
    );
    let shares = cpu.shares(&cpu_before, &cpu.read()?);
    let took = std::mem::take(&mut *run.took());
    run.over.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(Rate {
        per_second: done as f64 / seconds,
        all: run.done.load(Ordering::Relaxed),
        shares,
        latency: (median(&took), quantile(&took, 0.99)),
    })
}

/// The median.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value below which this part of the values lies.
pub(crate) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        count if part == 0.5 && count % 2 == 0 => (sorted[count / 2 - 1] + sorted[count / 2]) / 2.0,
        count => sorted[((count as f64 * part) as usize).min(count - 1)],
    }
}
