//! The rows of granted roles, written to SQLite by rusqlite alone: one connection, kept statements, nothing decided, chained
//! or sealed. This is the least that the same rows cost on this machine.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use aggregates::{Event, user::UserEvent};
use ledger::Ledger;
use rusqlite::{Connection, params};

use crate::{
    context::{Bench, Result},
    cpu::Cpu,
    measure::Rate,
    random::Random,
    seed,
};

/// How many rows the log has when SQLite copies it into the main file.
const LOG: u32 = 16_000;

/// A database that only this connection writes. After the first row it is not a valid ledger anymore.
pub(crate) struct BareSqlite {
    connection: Connection,
    users: Vec<[u8; 16]>,
    names: Vec<String>,
    sequences: Vec<i64>,
    position: i64,
    recorded_at: i64,
    payload: String,
    metadata: String,
    random: Random,
}

impl BareSqlite {
    /// Takes the file of a ledger of people, whose first user gets one more event. The other events are copies of it.
    pub(crate) async fn new(ledger: Ledger, file: &Path, users: u64) -> Result<Self> {
        let granted = Event::User(UserEvent::RoleGranted {
            role_id: seed::role(0),
            exclusive: false,
        });
        let event = seed::new_event(seed::user(0), 2, granted);
        ledger.append(seed::unit(vec![event])).await?;
        ledger.close().await;
        let connection = Connection::open(file)?;
        connection.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {LOG};
             PRAGMA mmap_size = 268435456; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384"
        ))?;
        let (position, recorded_at, payload, metadata) = connection.query_row(
            "SELECT position, recorded_at, payload, metadata FROM events ORDER BY position DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        let ids: Vec<_> = (0..users).map(seed::user).collect();
        let mut sequences = vec![1; ids.len()];
        sequences[0] = 2;
        Ok(Self {
            connection,
            users: ids.iter().map(|id| id.0.into_bytes()).collect(),
            names: ids.iter().map(ToString::to_string).collect(),
            sequences,
            position,
            recorded_at,
            payload,
            metadata,
            random: Random::new(9),
        })
    }

    /// Writes transactions of `batch` events for some time.
    pub(crate) fn measure(&mut self, batch: usize, bench: &Bench, cpu: &Cpu) -> Result<Rate> {
        let window = bench.options.window();
        self.write_for(batch, window.warm_up)?;
        let (before, begun) = (cpu.read()?, Instant::now());
        let events = self.write_for(batch, window.length)?;
        let seconds = begun.elapsed().as_secs_f64();
        Ok(Rate {
            per_second: events as f64 / seconds,
            all: events,
            shares: cpu.shares(&before, &cpu.read()?),
            latency: (f64::NAN, f64::NAN),
        })
    }

    fn write_for(&mut self, batch: usize, length: Duration) -> Result<u64> {
        let (begun, mut events) = (Instant::now(), 0);
        while begun.elapsed() < length {
            self.write(batch)?;
            events += batch as u64;
        }
        Ok(events)
    }

    fn write(&mut self, batch: usize) -> Result<()> {
        let run = |text: &str| self.connection.prepare_cached(text)?.execute([]);
        let picked: Vec<usize> = (0..batch)
            .map(|_| self.random.below(self.users.len() as u64) as usize)
            .collect();
        run("BEGIN IMMEDIATE")?;
        self.connection
            .prepare_cached("UPDATE ledger_head SET position = ?1 WHERE id = 1 AND position = ?2")?
            .execute(params![self.position + batch as i64, self.position])?;
        let mut events = self.connection.prepare_cached(
            "INSERT INTO events (position, aggregate_type, aggregate_id, sequence, event_type, event_version,
                                 recorded_at, payload, metadata, hash)
             VALUES (?1, 'user', ?2, ?3, 'user.role_granted', '1', ?4, ?5, ?6, ?7)",
        )?;
        let first = self.position + 1;
        for &user in &picked {
            self.position += 1;
            self.sequences[user] += 1;
            events.execute(params![
                self.position,
                self.names[user],
                self.sequences[user],
                self.recorded_at,
                self.payload,
                self.metadata,
                [7_u8; 32],
            ])?;
        }
        let mut roles = self.connection.prepare_cached(
            "INSERT INTO user_roles (user_id, role_id, granted_position, granted_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (user_id, role_id) DO UPDATE SET granted_position = excluded.granted_position",
        )?;
        for (position, &user) in (first..).zip(&picked) {
            let role = seed::role((user as u64 + self.sequences[user] as u64) % Bench::ROLES);
            let role = role.0.into_bytes();
            roles.execute(params![self.users[user], role, position, self.recorded_at])?;
        }
        run("COMMIT")?;
        Ok(())
    }
}
