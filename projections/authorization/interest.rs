//! Whether somebody still wants the answer to a long question.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// The interest in an answer. Long work asks it after a bounded number of steps, and ends when it is lost. The result of the
/// work is of no use then.
///
/// The default is an interest that nobody can lose. It costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Interest(Option<Arc<AtomicBool>>);

impl Interest {
    /// An interest that can be lost.
    pub fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// Nobody wants the answer any more.
    pub fn lose(&self) {
        if let Some(lost) = &self.0 {
            lost.store(true, Ordering::Relaxed);
        }
    }

    /// Whether nobody wants the answer any more.
    pub fn is_lost(&self) -> bool {
        self.0.as_ref().is_some_and(|lost| lost.load(Ordering::Relaxed))
    }
}
