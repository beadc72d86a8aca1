//! Asks several Postgres servers which of them is the primary.
//!
//! If two servers accept writes, nobody has fenced the old primary. The server with the newest timeline counts: a promotion begins a new one.
//! A server on an older timeline than one that was used is never used, even if the newer one does not answer: it lacks what was written since.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use sqlx::{ConnectOptions as _, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::Error;

/// How often each server is asked.
const EVERY: Duration = Duration::from_millis(200);
/// How long a server is left alone at most that does not answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The timeline of a server that accepts writes; `NULL` if it does not.
const TIMELINE: &str = "SELECT CASE WHEN pg_is_in_recovery() OR CAST(current_setting('transaction_read_only') AS BOOLEAN) THEN NULL \
     ELSE CAST(CAST('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS BIT(32)) AS BIGINT) END";

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It accepts writes, on this timeline.
    Writes(i64),
    /// It accepts reads only.
    Reads,
    /// It gave no answer, for this reason.
    Nothing(String),
}

impl Said {
    fn timeline(&self) -> Option<i64> {
        match self {
            Self::Writes(timeline) => Some(*timeline),
            Self::Reads | Self::Nothing(_) => None,
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Writes(timeline) => write!(f, "accepts writes on timeline {timeline}"),
            Self::Reads => f.write_str("accepts reads only"),
            Self::Nothing(why) => write!(f, "does not answer: {why}"),
        }
    }
}

/// Which server is the primary, by what they say.
#[derive(Debug)]
pub(super) struct Decision {
    known: Mutex<Known>,
    /// The primary.
    chosen: watch::Sender<Option<usize>>,
}

#[derive(Debug)]
struct Known {
    /// What each server said last; `None` before it was asked.
    said: Vec<Option<Said>>,
    /// The newest timeline of a primary.
    newest: i64,
}

impl Decision {
    pub(super) fn new(servers: usize) -> Self {
        Self {
            known: Mutex::new(Known {
                said: vec![None; servers],
                newest: 0,
            }),
            chosen: watch::Sender::new(None),
        }
    }

    /// The primary, from now on.
    pub(super) fn chosen(&self) -> watch::Receiver<Option<usize>> {
        self.chosen.subscribe()
    }

    /// What each server said last.
    pub(super) fn said(&self) -> Vec<Option<Said>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.said.clone()
    }

    /// Notes what a server says, and returns whether it said something else before. Nothing is decided before each server was asked once. Then
    /// the primary stays the primary until another server accepts writes, and, if it accepts writes itself, the other one has a newer timeline.
    fn note(&self, server: usize, says: Said) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known { said, newest } = &mut *known;
        let Some(place) = said.get_mut(server) else {
            return false;
        };
        let is_new = place.as_ref() != Some(&says);
        *place = Some(says);
        if said.iter().any(Option::is_none) {
            return is_new;
        }
        let of = |server: usize| said.get(server)?.as_ref()?.timeline();
        self.chosen.send_if_modified(|chosen| {
            let mut best = chosen.filter(|server| of(*server).is_some());
            for server in 0..said.len() {
                if of(server) > best.and_then(of) {
                    best = Some(server);
                }
            }
            match best.and_then(of) {
                Some(timeline) if timeline >= *newest => {
                    *newest = timeline;
                    std::mem::replace(chosen, best) != best
                }
                Some(_) | None => false,
            }
        });
        is_new
    }
}

/// Waits until another server is the primary than the last time.
pub(super) async fn next(chosen: &mut watch::Receiver<Option<usize>>) -> usize {
    // If the sender has gone, the task ends anyway.
    while chosen.changed().await.is_ok() {
        if let Some(server) = *chosen.borrow_and_update() {
            return server;
        }
    }
    std::future::pending().await
}

/// The server's name, for the log.
pub(super) fn name(options: &PgConnectOptions) -> String {
    format!("{}:{}", options.get_host(), options.get_port())
}

/// Asks each server again and again.
pub(super) async fn ask_all(servers: &[PgConnectOptions], decision: &Decision) {
    let asking = servers
        .iter()
        .enumerate()
        .map(|(number, options)| ask(number, options, decision));
    join_all(asking).await;
}

/// Asks a server again and again, on one connection as long as it lasts. The log says when its answer changes.
async fn ask(number: usize, options: &PgConnectOptions, decision: &Decision) {
    let mut kept = None;
    let mut pause = EVERY;
    loop {
        let says = match timeout(PATIENCE, timeline(options, &mut kept)).await {
            Ok(Ok(Some(timeline))) => Said::Writes(timeline),
            Ok(Ok(None)) => Said::Reads,
            Ok(Err(error)) => Said::Nothing(error.to_string()),
            Err(_elapsed) => Said::Nothing("no answer in time".to_owned()),
        };
        let is_silent = matches!(says, Said::Nothing(_));
        if is_silent {
            kept = None;
            pause = LONGEST_PAUSE.min(2 * pause);
        } else {
            pause = EVERY;
        }
        let text = says.to_string();
        if decision.note(number, says) {
            let server = name(options);
            match is_silent {
                true => tracing::warn!(server, "a server in DATABASE_URL {text}"),
                false => tracing::debug!(server, "a server in DATABASE_URL {text}"),
            }
        }
        sleep(pause).await;
    }
}

async fn timeline(options: &PgConnectOptions, kept: &mut Option<PgConnection>) -> Result<Option<i64>, Error> {
    let connection = match kept {
        Some(connection) => connection,
        None => kept.insert(options.connect().await?),
    };
    sqlx::query_scalar(TIMELINE).fetch_one(connection).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent() -> Said {
        Said::Nothing("no answer in time".to_owned())
    }

    #[test]
    fn nothing_is_decided_before_each_server_was_asked() {
        let decision = Decision::new(3);
        let chosen = || *decision.chosen.borrow();
        // The old primary answers first, and nobody has fenced it.
        decision.note(0, Said::Writes(1));
        decision.note(0, Said::Writes(1));
        decision.note(2, silent());
        assert_eq!(chosen(), None);
        decision.note(1, Said::Writes(2));
        assert_eq!(chosen(), Some(1));
    }

    #[test]
    fn the_server_that_was_promoted_last_is_the_primary() {
        let decision = Decision::new(3);
        let chosen = || *decision.chosen.borrow();
        for server in 0..3 {
            decision.note(server, Said::Reads);
        }
        assert_eq!(chosen(), None);
        decision.note(1, Said::Writes(1));
        assert_eq!(chosen(), Some(1));
        // Nobody accepts writes, and then another server on the same timeline.
        decision.note(1, Said::Reads);
        assert_eq!(chosen(), Some(1));
        decision.note(0, Said::Writes(1));
        assert_eq!(chosen(), Some(0));
        decision.note(1, Said::Writes(1));
        assert_eq!(chosen(), Some(0));
        // Nobody has fenced the old primary.
        decision.note(2, Said::Writes(2));
        assert_eq!(chosen(), Some(2));
        decision.note(0, Said::Writes(1));
        assert_eq!(chosen(), Some(2));
    }

    #[test]
    fn an_old_primary_is_not_used_while_the_new_one_is_silent() {
        let decision = Decision::new(2);
        let chosen = || *decision.chosen.borrow();
        decision.note(0, Said::Writes(1));
        decision.note(1, Said::Writes(2));
        assert_eq!(chosen(), Some(1));
        decision.note(1, silent());
        decision.note(0, Said::Writes(1));
        assert_eq!(chosen(), Some(1));
        decision.note(0, Said::Writes(3));
        assert_eq!(chosen(), Some(0));
    }

    #[test]
    fn only_another_answer_is_news() {
        let decision = Decision::new(1);
        assert!(decision.note(0, silent()));
        assert!(!decision.note(0, silent()));
        assert!(decision.note(0, Said::Reads));
        assert!(!decision.note(0, Said::Reads));
    }
}
