//! The events of the ledger, newest first, for the audit trail.

use aggregates::{AGGREGATE_TYPES, values::Timestamp};
use projections::sql::{Db, Row, Statement, sql};
use uuid::Uuid;

use super::{CHUNK, Cursor, EXAMINED, Filter, Kind, Scanned};
use crate::{
    LedgerError,
    feed::{is_frequent, is_rare},
    refusals::Below,
};

/// The columns of [`Done`], in order. The view names the actor, who is a part of the metadata.
const COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, event_type, recorded_at, actor";
/// How many events a page examines at most if it looks for a frequent type. The database alone examines them, so there may be more than
/// [`EXAMINED`].
const WINDOW: i64 = 50_000;

/// Something that was done: an event, without its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The position in the ledger.
    pub position: i64,
    /// The type of the aggregate to which it happened.
    pub aggregate_type: String,
    /// The id of the aggregate.
    pub aggregate_id: String,
    /// The event type.
    pub event_type: String,
    /// When the ledger recorded it.
    pub recorded_at: Timestamp,
    /// Who did it: a user's id, or `system`.
    pub actor: String,
    sequence: i64,
}

impl Done {
    fn read(row: &Row) -> Result<Self, LedgerError> {
        Ok(Self {
            position: row.int(0)?,
            aggregate_type: row.text(1)?,
            aggregate_id: row.text(2)?,
            sequence: row.int(3)?,
            event_type: row.text(4)?,
            recorded_at: Timestamp::from_micros(row.int(5)?),
            actor: row.text(6)?,
        })
    }
}

#[cfg(test)]
impl Done {
    pub(super) fn test(position: i64, recorded_at: Timestamp) -> Self {
        Self {
            position,
            aggregate_type: "user".to_owned(),
            aggregate_id: String::new(),
            event_type: "user.created".to_owned(),
            recorded_at,
            actor: String::new(),
            sequence: position,
        }
    }
}

/// The index in which the events are read.
enum Way {
    /// All events.
    All,
    /// The events of an actor.
    Actor(String),
    /// The events of a type that is not frequent.
    Rare(&'static str),
    /// The events of a frequent type. They have no index; the next one is found soon.
    Frequent(&'static str),
    /// The events of an aggregate. They have an index by their places in the stream.
    Stream(&'static str, String),
}

/// Where the events of a page come from.
pub(super) struct Source<'a> {
    db: &'a Db,
    filter: &'a Filter,
    way: Way,
    /// Only places below this one: positions, or in a stream the places in it.
    below: i64,
    /// Only places above this one.
    above: i64,
}

impl<'a> Source<'a> {
    /// The source of the events that fit the filter, below a position.
    pub(super) async fn of(db: &'a Db, filter: &'a Filter, below: i64) -> Result<Self, LedgerError> {
        let above = match filter.from {
            Some(from) => before(db, from).await?,
            None => 0,
        };
        let way = match (&filter.object, &filter.actor, filter.kind) {
            (Some(object), ..) => return Self::of_stream(db, filter, *object, (above, below)).await,
            (None, Some(actor), _) => Way::Actor(actor.to_string()),
            // A frequent type is looked for in the database alone, which does not know these objects.
            (None, None, Some(Kind::Event(kind))) if is_frequent(kind) && filter.within.is_some() => Way::All,
            (None, None, Some(Kind::Event(kind))) if is_frequent(kind) => Way::Frequent(kind),
            (None, None, Some(Kind::Event(kind))) => Way::Rare(kind),
            (None, None, Some(Kind::Refused(_)) | None) => Way::All,
        };
        Ok(Self {
            db,
            filter,
            way,
            below,
            above,
        })
    }

    /// The stream of an aggregate. Only one type has an aggregate with this id.
    async fn of_stream(
        db: &'a Db,
        filter: &'a Filter,
        object: Uuid,
        (above, below): (i64, i64),
    ) -> Result<Self, LedgerError> {
        let id = object.to_string();
        let mut source = Self {
            db,
            filter,
            way: Way::Stream("", id.clone()),
            below: 0,
            above: 0,
        };
        for aggregate_type in AGGREGATE_TYPES {
            let first = before_in(db, aggregate_type, &id, below).await?;
            if first > 0 {
                source.way = Way::Stream(aggregate_type, id);
                source.below = first.saturating_add(1);
                source.above =
                    before_in(db, aggregate_type, &object.to_string(), above.saturating_add(1)).await?;
                break;
            }
        }
        Ok(source)
    }

    /// Whether the statement checks everything.
    fn is_simple(&self) -> bool {
        let Filter {
            actor, kind, within, ..
        } = self.filter;
        within.is_none()
            && match self.way {
                Way::All | Way::Rare(_) | Way::Frequent(_) => true,
                Way::Actor(_) => kind.is_none(),
                Way::Stream(..) => kind.is_none() && actor.is_none(),
            }
    }

    /// Whether an event fits, whatever the statement checked.
    fn fits(&self, done: &Done) -> bool {
        let filter = self.filter;
        filter.kind.is_none_or(|kind| kind.as_str() == done.event_type)
            && filter
                .actor
                .as_ref()
                .is_none_or(|actor| actor.to_string() == done.actor)
            && filter.fits_within(Uuid::try_parse(&done.aggregate_id).ok())
    }

    /// The newest events, as many as are wanted.
    pub(super) async fn scan(mut self, want: usize) -> Result<Scanned<Done>, LedgerError> {
        let mut scanned = Scanned::nothing();
        let mut examined = 0;
        let chunk = match self.is_simple() {
            true => i64::try_from(want).unwrap_or(CHUNK),
            false => CHUNK,
        };
        loop {
            let lowest = self.window();
            let rows = self.db.all(self.statement(chunk)).await?;
            let read = i64::try_from(rows.len()).unwrap_or(chunk);
            let mut last = None;
            for row in &rows {
                let done = Done::read(row)?;
                self.below = match self.way {
                    Way::Stream(..) => done.sequence,
                    _ => done.position,
                };
                last = Some((done.position, done.recorded_at));
                if self.fits(&done) {
                    scanned.found.push(done);
                }
            }
            examined += read;
            let is_full = scanned.found.len() >= want;
            if is_full || (read < chunk && !matches!(self.way, Way::Frequent(_))) {
                return Ok(scanned);
            }
            if let Way::Frequent(_) = self.way {
                if lowest > self.above.saturating_add(1) {
                    scanned.unknown_below = self.place(lowest).await?;
                }
                return Ok(scanned);
            }
            if examined >= EXAMINED
                && let Some((position, recorded_at)) = last
            {
                scanned.unknown_below = Some(place(position, recorded_at));
                return Ok(scanned);
            }
        }
    }

    /// The lowest position that a statement about a frequent type examines.
    fn window(&self) -> i64 {
        self.below
            .saturating_sub(WINDOW)
            .max(self.above.saturating_add(1))
    }

    /// The place of the event at this position.
    async fn place(&self, position: i64) -> Result<Option<Cursor>, LedgerError> {
        let select = sql("SELECT recorded_at FROM events WHERE position = $1").bind(position);
        let row = self.db.optional(select).await?;
        let at = row.map(|row| row.int(0)).transpose()?;
        Ok(at.map(|at| place(position, Timestamp::from_micros(at))))
    }

    fn statement(&self, limit: i64) -> Statement<'_> {
        let by = |place: &str, condition: &str| {
            format!(
                "SELECT {COLUMNS} FROM event_streams WHERE {place} < $1 AND {place} > $2{condition} \
                 ORDER BY {place} DESC LIMIT $3"
            )
        };
        let (text, above) = match &self.way {
            Way::All => (by("position", ""), self.above),
            // Only the index by actor has these places, which are the positions.
            Way::Actor(_) => (by("place", " AND actor = $4"), self.above),
            // With the name in the text, Postgres knows how rare the type is.
            Way::Rare(kind) => {
                let condition = format!(" AND event_type = '{kind}' AND {}", is_rare());
                (by("position", &condition), self.above)
            }
            Way::Frequent(_) => {
                let above = self.window().saturating_sub(1);
                (by("position", " AND event_type = $4"), above)
            }
            Way::Stream(..) => {
                let condition = " AND aggregate_type = $4 AND aggregate_id = $5";
                (by("sequence", condition), self.above)
            }
        };
        let statement = sql(text).bind(self.below).bind(above).bind(limit);
        match &self.way {
            Way::All | Way::Rare(_) => statement,
            Way::Actor(actor) => statement.bind(actor.as_str()),
            Way::Frequent(kind) => statement.bind(*kind),
            Way::Stream(aggregate_type, id) => statement.bind(*aggregate_type).bind(id.as_str()),
        }
    }
}

/// The place of an event. It stands after refusals that are newer.
fn place(position: i64, recorded_at: Timestamp) -> Cursor {
    Cursor {
        events: position,
        refusals: Below::including(recorded_at.micros()),
    }
}

/// How many events were recorded before a moment. This halves the ledger again and again: later events never have an earlier time.
pub(super) async fn before(db: &Db, moment: Timestamp) -> Result<i64, LedgerError> {
    let halve = sql("WITH RECURSIVE halved (low, high) AS ( \
           SELECT CAST(0 AS BIGINT), (SELECT position FROM ledger_head WHERE id = 1) \
           UNION ALL \
           SELECT CASE WHEN recorded_at < $1 THEN (low + high + 1) / 2 ELSE low END, \
                  CASE WHEN recorded_at < $1 THEN high ELSE (low + high + 1) / 2 - 1 END \
           FROM halved LEFT JOIN events ON position = (low + high + 1) / 2 WHERE low < high \
         ) SELECT low FROM halved WHERE low >= high");
    number(db, halve.bind(moment.micros())).await
}

/// How many events of a stream are at positions below this one. This halves the stream again and again.
async fn before_in(db: &Db, aggregate_type: &str, id: &str, below: i64) -> Result<i64, LedgerError> {
    let halve = sql("WITH RECURSIVE halved (low, high) AS ( \
           SELECT CAST(0 AS BIGINT), (SELECT COALESCE(MAX(sequence), 0) FROM events \
                                      WHERE aggregate_type = $1 AND aggregate_id = $2) \
           UNION ALL \
           SELECT CASE WHEN position < $3 THEN (low + high + 1) / 2 ELSE low END, \
                  CASE WHEN position < $3 THEN high ELSE (low + high + 1) / 2 - 1 END \
           FROM halved LEFT JOIN events ON aggregate_type = $1 AND aggregate_id = $2 \
                AND sequence = (low + high + 1) / 2 WHERE low < high \
         ) SELECT low FROM halved WHERE low >= high");
    number(db, halve.bind(aggregate_type).bind(id).bind(below)).await
}

async fn number(db: &Db, statement: Statement<'_>) -> Result<i64, LedgerError> {
    let row = db.optional(statement).await?;
    Ok(row.map(|row| row.int(0)).transpose()?.unwrap_or_default())
}
