//! What Postgres warns of while it commits.
//!
//! If somebody cancels a commit that waits for its synchronous standby, Postgres answers as to every commit, and says only in a warning
//! that the standby may not have it. sqlx passes warnings to the log and to nobody else. It does so while it reads the answer, on the
//! same thread. So the program's subscriber passes the warnings to [`note_warning`], and a commit that hears one is not confirmed.
//!
//! Any warning counts, whatever its words: they depend on the language of the server, and a commit has no other reason to warn.

use std::{cell::Cell, future::poll_fn, pin::pin};

use super::Error;

/// The target under which sqlx logs what Postgres says beside its answers.
pub const NOTICES: &str = "sqlx::postgres::notice";

thread_local! {
    static WARNED: Cell<bool> = const { Cell::new(false) };
}

/// Notes that Postgres warned of something, on the thread that reads its answer.
pub fn note_warning() {
    WARNED.set(true);
}

/// The answer to a commit. It is an error if Postgres warned of something meanwhile: nobody knows whether the commit is where it should be.
pub(super) async fn unwarned<T>(commit: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut commit = pin!(commit);
    let mut warned = false;
    let answer = poll_fn(|context| {
        WARNED.set(false);
        let polled = commit.as_mut().poll(context);
        warned |= WARNED.get();
        polled
    })
    .await?;
    match warned {
        true => Err(Error::Protocol(
            "the database warned of the commit: it may not be replicated".to_owned(),
        )),
        false => Ok(answer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_commit_that_hears_a_warning_is_not_confirmed() {
        note_warning();
        assert_eq!(unwarned(async { Ok(1) }).await.expect("an answer"), 1);
        let warned = async {
            tokio::task::yield_now().await;
            note_warning();
            tokio::task::yield_now().await;
            Ok(2)
        };
        assert!(matches!(unwarned(warned).await, Err(Error::Protocol(_))));
        assert_eq!(unwarned(async { Ok(3) }).await.expect("an answer"), 3);
    }
}
