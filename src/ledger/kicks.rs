//! Which sessions a broker still has to end, and why the last try failed: durable, so that a crash loses none.
//!
//! The rows have ids of users and no names, so a person who is erased leaves nothing here. All nodes share them. As with cursors, no event says
//! any of it.

use aggregates::values::{Timestamp, UserId};
use projections::sql::{Boxed, Db, Error, Row, Statement, Tx, placeholders, sql};
use uuid::Uuid;

use super::{AppendError, Ledger, LedgerError, beside::Beside};

/// How many rows are written in one transaction. Appends wait for it.
const AT_ONCE: usize = 500;

/// The sessions of one user that a broker still has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenKick {
    /// Whose sessions they are.
    pub user: UserId,
    /// The sessions are under the name that the user had before the event at this position. If it is 0, they are under the name that
    /// the user has now.
    pub named_until: i64,
    /// The last event because of which the sessions must end.
    pub position: i64,
    /// Whether nobody may connect with the name any more.
    pub is_gone: bool,
    /// When the first try failed.
    pub since: Timestamp,
}

/// How many sessions a broker still has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KicksLeft {
    /// The number of users whose sessions they are. A user who was renamed may count twice.
    pub number: i64,
    /// When the first of these tries failed.
    pub oldest: Option<Timestamp>,
}

/// What the database keeps for a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptForBroker {
    /// The name of the broker.
    pub broker: String,
    /// The number of users whose sessions it still has to end.
    pub kicks: i64,
}

/// Why the last try at a broker failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerError {
    /// The name of the broker.
    pub broker: String,
    /// The reason.
    pub error: String,
    /// When this reason was met first.
    pub since: Timestamp,
}

impl OpenKick {
    /// What tells it from the others of its broker.
    pub fn key(&self) -> (UserId, i64) {
        (self.user, self.named_until)
    }

    fn read(row: &Row) -> Result<Self, LedgerError> {
        Ok(Self {
            user: UserId(row.id(0)?),
            named_until: row.int(1)?,
            position: row.int(2)?,
            is_gone: row.bool(3)?,
            since: Timestamp::from_micros(row.int(4)?),
        })
    }
}

/// Several statements, all or none.
impl Beside for Vec<Statement<'static>> {
    fn run<'a>(self: Box<Self>, tx: &'a mut Tx<'_>) -> Boxed<'a, Result<u64, LedgerError>> {
        Box::pin(async move {
            let mut changed = 0;
            for statement in *self {
                changed += tx.execute(statement).await?;
            }
            Ok(changed)
        })
    }
}

impl Ledger {
    /// Notes sessions that a broker still has to end. No two may have the same key.
    pub fn keep_kicks<'a>(
        &'a self,
        broker: &'a str,
        kicks: &'a [OpenKick],
    ) -> Boxed<'a, Result<(), AppendError>> {
        Box::pin(async move {
            for some in kicks.chunks(AT_ONCE) {
                let rows = placeholders(1, some.len(), 6);
                let mut upsert = sql(format!(
                    "INSERT INTO broker_kicks (broker, user_id, named_until, position, is_gone, since) VALUES {rows} \
                     ON CONFLICT (broker, user_id, named_until) DO UPDATE SET \
                     position = CASE WHEN broker_kicks.position < EXCLUDED.position \
                     THEN EXCLUDED.position ELSE broker_kicks.position END, \
                     is_gone = (broker_kicks.is_gone OR EXCLUDED.is_gone)"
                ));
                for kick in some {
                    upsert = upsert
                        .bind(broker.to_owned())
                        .bind(kick.user.0)
                        .bind(kick.named_until)
                        .bind(kick.position)
                        .bind(kick.is_gone)
                        .bind(kick.since.micros());
                }
                self.appender.beside(upsert).await?;
            }
            Ok(())
        })
    }

    /// Up to `limit` of the sessions that a broker still has to end, in the order of their keys, after this key.
    pub fn open_kicks<'a>(
        &'a self,
        broker: &'a str,
        after: Option<(UserId, i64)>,
        limit: i64,
    ) -> Boxed<'a, Result<Vec<OpenKick>, LedgerError>> {
        Box::pin(async move {
            let (user, named_until) = after.unwrap_or((UserId(Uuid::nil()), -1));
            let rows = sql(
                "SELECT user_id, named_until, position, is_gone, since FROM broker_kicks \
                 WHERE broker = $1 AND (user_id, named_until) > ($2, $3) ORDER BY user_id, named_until LIMIT $4",
            );
            let rows = rows.bind(broker).bind(user.0).bind(named_until).bind(limit);
            self.db().all(rows).await?.iter().map(OpenKick::read).collect()
        })
    }

    /// Forgets sessions that a broker has ended, unless they must end again because of a later event.
    pub fn end_kicks<'a>(
        &'a self,
        broker: &'a str,
        kicks: &'a [OpenKick],
    ) -> Boxed<'a, Result<(), AppendError>> {
        Box::pin(async move {
            for some in kicks.chunks(AT_ONCE) {
                let delete = |kick: &OpenKick| {
                    sql(
                        "DELETE FROM broker_kicks WHERE broker = $1 AND user_id = $2 AND named_until = $3 AND position <= $4",
                    )
                    .bind(broker.to_owned())
                    .bind(kick.user.0)
                    .bind(kick.named_until)
                    .bind(kick.position)
                };
                let deletes: Vec<Statement<'static>> = some.iter().map(delete).collect();
                self.appender.beside(deletes).await?;
            }
            Ok(())
        })
    }

    /// How many sessions a broker still has to end.
    pub fn kicks_left<'a>(&'a self, broker: &'a str) -> Boxed<'a, Result<KicksLeft, LedgerError>> {
        Box::pin(async move {
            let counts = sql("SELECT COUNT(*), MIN(since) FROM broker_kicks WHERE broker = $1").bind(broker);
            let mut left = KicksLeft {
                number: 0,
                oldest: None,
            };
            for row in self.db().all(counts).await? {
                left.number = row.int(0)?;
                left.oldest = row.int_or_null(1)?.map(Timestamp::from_micros);
            }
            Ok(left)
        })
    }

    /// Notes why the last try at a broker failed; `None` if the broker ends sessions again. A reason that is noted already keeps its time.
    pub fn note_broker_error<'a>(
        &'a self,
        broker: &'a str,
        error: Option<&'a str>,
        now: Timestamp,
    ) -> Boxed<'a, Result<(), AppendError>> {
        Box::pin(async move {
            let note = match error {
                Some(error) => sql(
                    "INSERT INTO broker_errors (broker, error, since) VALUES ($1, $2, $3) \
                     ON CONFLICT (broker) DO UPDATE SET error = EXCLUDED.error, since = EXCLUDED.since \
                     WHERE broker_errors.error <> EXCLUDED.error",
                )
                .bind(broker.to_owned())
                .bind(error.to_owned())
                .bind(now.micros()),
                None => sql("DELETE FROM broker_errors WHERE broker = $1").bind(broker.to_owned()),
            };
            self.appender.beside(note).await.map(drop)
        })
    }

    /// Why the last tries at brokers failed, by name. Brokers that end sessions are left out.
    pub fn broker_errors(&self) -> Boxed<'_, Result<Vec<BrokerError>, LedgerError>> {
        Box::pin(async move {
            let rows = sql("SELECT broker, error, since FROM broker_errors ORDER BY broker");
            let mut errors = Vec::new();
            for row in self.db().all(rows).await? {
                errors.push(BrokerError {
                    broker: row.text(0)?,
                    error: row.text(1)?,
                    since: Timestamp::from_micros(row.int(2)?),
                });
            }
            Ok(errors)
        })
    }
}

/// All brokers for which the database keeps something, by name.
pub async fn kept_for_brokers(db: &Db) -> Result<Vec<KeptForBroker>, Error> {
    let rows = sql(
        "SELECT known.broker, COUNT(kicks.broker) FROM (SELECT broker FROM broker_cursors \
         UNION SELECT broker FROM broker_errors UNION SELECT broker FROM broker_kicks) known \
         LEFT JOIN broker_kicks kicks ON kicks.broker = known.broker GROUP BY known.broker ORDER BY known.broker",
    );
    let mut kept = Vec::new();
    for row in db.all(rows).await? {
        kept.push(KeptForBroker {
            broker: row.text(0)?,
            kicks: row.int(1)?,
        });
    }
    Ok(kept)
}

/// Forgets all that the database keeps for a broker, from a process without an appender.
pub async fn forget_broker(db: &Db, broker: &str) -> Result<(), Error> {
    for table in ["broker_kicks", "broker_errors", "broker_cursors"] {
        let delete = sql(format!("DELETE FROM {table} WHERE broker = $1")).bind(broker.to_owned());
        db.execute(delete).await?;
    }
    Ok(())
}
