//! Whether somebody still wants the answer to a long question.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// The interest in an answer. Long work asks it after a bounded number of steps, and ends when it is lost. The result of the
/// work is of no use then.
#[derive(Clone, Debug, Default)]
pub struct Interest(Arc<AtomicBool>);

impl Interest {
    /// Nobody wants the answer any more.
    pub fn lose(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether nobody wants the answer any more.
    pub fn is_lost(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
