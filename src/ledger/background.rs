//! Tasks that run beside the requests, as long as the process runs.

use std::time::Duration;

use tokio::task::JoinHandle;

/// How long a task that died waits until it starts again, at first. The time doubles with each death.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long it waits at most.
const MOST_PAUSE: Duration = Duration::from_secs(60);

/// Starts a task. If the task panics, the log says so, and the task starts again after a pause. A task that ends by itself has done
/// its work, and stays ended.
pub fn keep_running<F>(name: &'static str, start: impl Fn() -> F + Send + 'static) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(run(name, start, FIRST_PAUSE))
}

async fn run<F>(name: &'static str, start: impl Fn() -> F + Send, mut pause: Duration)
where
    F: Future<Output = ()> + Send + 'static,
{
    while let Err(died) = tokio::spawn(start()).await {
        if !died.is_panic() {
            // The runtime ends.
            return;
        }
        tracing::error!(task = name, %died, ?pause, "a background task died; it starts again after the pause");
        tokio::time::sleep(pause).await;
        pause = MOST_PAUSE.min(2 * pause);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        time::Instant,
    };

    use super::*;

    #[tokio::test]
    async fn a_task_that_dies_starts_again_until_it_ends_by_itself() {
        let begun = AtomicU32::new(0);
        let start = || {
            let number = begun.fetch_add(1, Ordering::Relaxed);
            async move { assert!(number >= 3, "the task dies") }
        };
        let before = Instant::now();
        run("test", start, Duration::from_millis(1)).await;
        assert_eq!(begun.load(Ordering::Relaxed), 4);
        assert!(before.elapsed() >= Duration::from_millis(1 + 2 + 4));
    }
}
