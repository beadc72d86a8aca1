//! Work on tables that no event changes. The appender runs it between its batches. On SQLite, another connection would have to wait for the
//! lock, and nobody could say for how long.

use std::time::Duration;

use projections::sql::{Boxed, Statement, Tx, is_an_answer};
use tokio::sync::oneshot;

use super::{
    AppendError, Appender, LedgerError,
    appender::Task,
    error::{Obstacle, within},
    pending::{Pending, Waiting},
};

/// How long such work may take. Appends wait for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Work on tables that no event changes.
pub(super) trait Beside: Send {
    /// Does the work in a transaction of its own, which is committed afterwards. Returns how many rows it changed.
    fn run<'a>(self: Box<Self>, tx: &'a mut Tx<'_>) -> Boxed<'a, Result<u64, LedgerError>>;
}

impl Beside for Statement<'static> {
    fn run<'a>(self: Box<Self>, tx: &'a mut Tx<'_>) -> Boxed<'a, Result<u64, LedgerError>> {
        Box::pin(async move { Ok(tx.execute(*self).await?) })
    }
}

impl Appender {
    /// Does this work in a transaction of its own. Returns how many rows it changed.
    pub(super) async fn beside(&self, work: impl Beside + 'static) -> Result<u64, AppendError> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Waiting::Beside(Box::new(work), answer))
            .await
            .map_err(|_| Obstacle::Closed)?;
        answered.await.map_err(|_| Obstacle::Closed)?
    }
}

impl Task {
    /// Does the work that waits, and answers each caller.
    pub(super) async fn run_all_beside(&mut self, pending: &mut Pending) {
        for (work, answer) in std::mem::take(&mut pending.beside) {
            let done = within(PATIENCE, self.run_beside(work)).await;
            if done.as_ref().is_err_and(is_unanswered) {
                self.writer.abandon();
            }
            // A caller who does not wait any more does the same again later.
            let _ = answer.send(done.map_err(AppendError::from));
        }
    }

    async fn run_beside(&mut self, work: Box<dyn Beside>) -> Result<u64, LedgerError> {
        let mut tx = self.writer.begin().await?;
        let changed = work.run(&mut tx).await?;
        tx.commit().await?;
        Ok(changed)
    }
}

/// Whether the database gave no answer. Then nobody knows what the connection still does. If the database refuses something, the connection
/// is good.
fn is_unanswered(error: &LedgerError) -> bool {
    matches!(error, LedgerError::Database(error) if !is_an_answer(error))
}
