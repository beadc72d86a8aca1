//! Proves that the database of this node still takes writes.
//!
//! A read proves nothing: a primary that was demoted, or cut off from its standby, still answers reads, and what it answers may be old. So
//! on Postgres, what a node knows counts only as long as a commit of this node took effect lately. A node that does not write anyway
//! writes its row of `node_heartbeats`.
//!
//! With a synchronous standby, a commit waits for the standby. After the standby was promoted, the old primary confirms no commit. Nothing
//! here ends such a wait: to cancel it would confirm what the standby does not have.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use projections::sql::{Boxed, Db, Writer, sql};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{
    Clocks, Follower, LedgerError, WithCauses,
    error::{no_answer_in_time, within},
    moment::nanos,
};
use crate::clock::Clock;

/// How long a heartbeat may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a node rests at most after a heartbeat that failed.
const AGAIN: Duration = Duration::from_millis(500);
/// How often the log repeats that the database does not confirm commits.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);
/// The time of the database, in microseconds.
const NOW: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
/// How long the rows of nodes that have gone are kept, in microseconds.
const KEPT: i64 = 24 * 3_600 * 1_000_000;

/// When the database last confirmed a commit of this node.
pub struct Heartbeat {
    db: Db,
    /// The name of this process among the nodes.
    node: Uuid,
    clock: Arc<dyn Clock>,
    clocks: Arc<Clocks>,
    writer: Mutex<Writer>,
    /// When the newest commit that was confirmed began, in nanoseconds of the clock.
    confirmed: AtomicU64,
    /// When a commit was last in doubt, in nanoseconds of the clock.
    doubted: AtomicU64,
}

impl Heartbeat {
    pub(super) fn new(db: Db, node: Uuid, clock: Arc<dyn Clock>, clocks: Arc<Clocks>) -> Self {
        Self {
            writer: Mutex::new(db.writer()),
            db,
            node,
            clock,
            clocks,
            confirmed: AtomicU64::new(0),
            doubted: AtomicU64::new(0),
        }
    }

    /// Whether a node must prove anything. An SQLite file has no other primary.
    fn is_needed(&self) -> bool {
        matches!(self.db, Db::Postgres(_))
    }

    /// The last moment of the clock at which the database certainly took the writes of this node.
    pub(super) fn confirmed(&self) -> Duration {
        if !self.is_needed() {
            return Duration::MAX;
        }
        let confirmed = self.confirmed.load(Ordering::Acquire);
        match confirmed > self.doubted.load(Ordering::Acquire) {
            true => Duration::from_nanos(confirmed),
            false => Duration::ZERO,
        }
    }

    /// Notes that a commit of this node got no answer, and that nobody could find out whether it counts: it may be visible, but not on the
    /// standby. Until a commit that begins later is confirmed, this node answers nothing that rests on it, such as a repeat that finds
    /// nothing left to do. The later commit proves the earlier one, because the standby gets them in order.
    pub(super) fn doubt(&self) {
        self.doubted
            .fetch_max(nanos(self.clock.elapsed()), Ordering::AcqRel);
    }

    /// Notes that a commit was confirmed which began at this moment or later.
    pub(super) fn confirm(&self, begun: Duration) {
        self.confirmed.fetch_max(nanos(begun), Ordering::AcqRel);
    }

    /// Opens the connection whose commits prove what this node reads. What is read on connections that are opened later comes from the same
    /// server or, after a promotion, from a newer one. If there is no connection, the first heartbeat opens it.
    pub(super) async fn connect(&self) {
        if !self.is_needed() {
            return;
        }
        let mut writer = self.writer.lock().await;
        if let Err(error) = within(PATIENCE, async { Ok(writer.connect().await?) }).await {
            tracing::debug!(error = %WithCauses(&error), "cannot connect for the heartbeat");
        }
    }

    /// Writes the row of this node, and waits until it is committed. If that fails, everybody connects again: the address of the database may
    /// lead to another server by now.
    pub fn beat<'a>(&'a self) -> Boxed<'a, Result<(), LedgerError>> {
        Box::pin(async move {
            if !self.is_needed() {
                return Ok(());
            }
            let mut writer = self.writer.lock().await;
            let server = self.db.server();
            let written = self.lead_and_write(&mut writer).await;
            if written.is_err() {
                writer.abandon();
                if self.db.server() == server {
                    self.db.connect_again();
                }
            }
            self.confirm(written?);
            Ok(())
        })
    }

    /// Returns a moment before the commit began.
    async fn lead_and_write(&self, writer: &mut Writer) -> Result<Duration, LedgerError> {
        within(PATIENCE, async { Ok(writer.lead().await?) }).await?;
        let begun = self.clock.elapsed();
        let moved = writer.moved();
        tokio::select! {
            biased;
            written = within(PATIENCE, self.write(writer)) => written?,
            () = moved => return Err(no_answer_in_time().into()),
        }
        Ok(begun)
    }

    async fn write(&self, writer: &mut Writer) -> Result<(), LedgerError> {
        let write = format!(
            "INSERT INTO node_heartbeats (node, beats, beaten_at) VALUES ($1, 1, {NOW}) \
             ON CONFLICT (node) DO UPDATE SET beats = node_heartbeats.beats + 1, beaten_at = EXCLUDED.beaten_at \
             RETURNING beaten_at"
        );
        let mut tx = writer.begin().await?;
        let sent = self.clock.elapsed();
        let row = tx.optional(sql(write).bind(self.node)).await?;
        let database = row.map(|row| row.int(0)).transpose()?;
        if let Some(database) = database {
            self.clocks.compare(sent, database);
        }
        tx.commit().await?;
        Ok(())
    }

    /// Writes the row of this node again and again, and compares the clocks. On SQLite, there is only the newest event to compare with.
    pub async fn run(self: Arc<Self>, every: Duration, follower: Arc<Follower>) {
        if self.is_needed() {
            self.forget_the_gone().await;
        }
        let (mut commits, mut clocks) = (Complaint::default(), Complaint::default());
        loop {
            let beaten = self.beat().await;
            let server = self.db.server();
            let now = self.clock.elapsed();
            match &beaten {
                Ok(()) if commits.ends() => tracing::info!("the database confirms commits again"),
                // If the database is gone, the looks fail, too, and their task logs it.
                Err(error) if follower.look().await.is_ok() && commits.is_due(now) => tracing::warn!(
                    error = %WithCauses(error),
                    "the database confirms no commit: it may be read-only, cut off from its standby, or no longer the primary"
                ),
                Ok(()) | Err(_) => {}
            }
            match self.clocks.judge() {
                Ok(()) if clocks.ends() => {
                    tracing::info!("the clocks are right again; this node writes again")
                }
                Err(off) if clocks.is_due(now) => tracing::error!("{off}"),
                Ok(()) | Err(_) => {}
            }
            let rest = match beaten {
                Ok(()) => every,
                Err(_) => every.min(AGAIN),
            };
            tokio::select! {
                () = self.clock.rest(rest) => {}
                () = self.db.moved_from(server) => {}
            }
        }
    }

    /// Deletes the rows of nodes that have not written for long.
    async fn forget_the_gone(&self) {
        let delete = format!("DELETE FROM node_heartbeats WHERE beaten_at < {NOW} - {KEPT}");
        let deleted = async { Ok(self.db.execute(sql(delete)).await?) };
        if let Err(error) = within(PATIENCE, deleted).await {
            tracing::debug!(error = %WithCauses(&error), "cannot delete the rows of nodes that have gone");
        }
    }

    /// Closes the connection.
    pub(super) async fn close(&self) {
        self.writer.lock().await.close().await;
    }
}

/// When the log last said something that goes on.
#[derive(Default)]
struct Complaint(Option<Duration>);

impl Complaint {
    /// Whether the log should say it now.
    fn is_due(&mut self, now: Duration) -> bool {
        let is_due = self
            .0
            .is_none_or(|said| now.saturating_sub(said) >= COMPLAIN_EVERY);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }

    /// Notes that it is over. Returns whether the log had said it.
    fn ends(&mut self) -> bool {
        self.0.take().is_some()
    }
}
