//! Statements about tables that no event changes. The appender runs them between its batches. On SQLite, another connection would have to
//! wait for the lock, and nobody could say for how long.

use projections::sql::Statement;
use tokio::sync::oneshot;

use super::{
    AppendError, Appender, LedgerError,
    appender::{PATIENCE, Task},
    error::{Obstacle, within},
    pending::{Pending, Waiting},
};

impl Appender {
    /// Runs these statements in a transaction of their own. Returns how many rows they changed.
    pub(super) async fn beside(&self, statements: Vec<Statement<'static>>) -> Result<u64, AppendError> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .send(Waiting::Beside(statements, answer))
            .await
            .map_err(|_| Obstacle::Closed)?;
        answered.await.map_err(|_| Obstacle::Closed)?
    }
}

impl Task {
    /// Runs what waits, and answers each caller.
    pub(super) async fn run_all_beside(&mut self, pending: &mut Pending) {
        for (statements, answer) in std::mem::take(&mut pending.beside) {
            let done = within(PATIENCE, self.run_beside(statements)).await;
            if done.is_err() {
                self.writer.abandon();
            }
            // A caller who does not wait any more writes the same again later.
            let _ = answer.send(done.map_err(AppendError::from));
        }
    }

    async fn run_beside(&mut self, statements: Vec<Statement<'static>>) -> Result<u64, LedgerError> {
        let mut tx = self.writer.begin().await?;
        let mut changed = 0;
        for statement in statements {
            changed += tx.execute(statement).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }
}
