//! Reads refusals, newest first.

use std::collections::{BTreeSet, HashMap};

use projections::sql::{Read, Row, sql};
use uuid::Uuid;

use super::{
    Refusals,
    buffer::MINUTE,
    columns::columns,
    names::{Clear, Personal, period_keys, period_of},
    store::erased,
};
use crate::{LedgerError, audit::Filter};
use aggregates::{sealing::ERASED, values::Timestamp};

/// What is personal in a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// It can be read. Each may be missing.
    Known {
        /// The name as it was typed, with escapes for characters that cannot be seen.
        name: Option<String>,
        /// The address.
        address: Option<String>,
        /// What the caller was told.
        detail: Option<String>,
    },
    /// The key is deleted, or the person was erased. The text says so.
    Erased(&'static str),
    /// The row is not as the server wrote it.
    Altered,
}

/// Refusals that do not differ, of one minute.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The id of the row.
    pub id: Uuid,
    /// When the first of them happened.
    pub first: Timestamp,
    /// When the last of them happened.
    pub last: Timestamp,
    /// How many there are.
    pub times: i64,
    /// The name of the kind.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// The caller, or the user whom the caller claimed to be.
    pub actor: Option<Uuid>,
    /// What the request was about.
    pub object: Option<Uuid>,
    /// The type of the object.
    pub object_type: Option<String>,
    /// The method of the request.
    pub method: Option<String>,
    /// The path of the operation. Without it, the row stands for different names or addresses.
    pub path: Option<String>,
    /// Name, address and detail.
    pub names: Names,
    period: i64,
}

/// A row whose box is not opened.
pub(in super::super) struct Closed {
    pub(in super::super) kept: Kept,
    sealed: Option<Vec<u8>>,
}

/// A place in the list of refusals: everything below it is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) struct Below {
    pub(in super::super) micros: i64,
    pub(in super::super) id: Uuid,
}

impl Below {
    /// The place below all rows.
    pub(super) const LOWEST: Self = Self {
        micros: i64::MIN,
        id: Uuid::nil(),
    };

    /// The place above all rows of this time or an earlier one.
    pub(in super::super) fn including(micros: i64) -> Self {
        Self {
            micros: micros.saturating_add(1),
            id: Uuid::nil(),
        }
    }

    /// The place just above this one.
    pub(in super::super) fn and_itself(self) -> Self {
        let id = Uuid::from_u128(self.id.as_u128().saturating_add(1));
        Self { id, ..self }
    }
}

impl Kept {
    /// The place of this row.
    pub(in super::super) fn place(&self) -> Below {
        Below {
            micros: self.first.micros(),
            id: self.id,
        }
    }

    fn read(row: &Row) -> Result<Closed, LedgerError> {
        let kept = Self {
            id: row.id(0)?,
            first: Timestamp::from_micros(row.int(1)?),
            last: Timestamp::from_micros(row.int(2)?),
            times: row.int(3)?,
            kind: row.text(4)?,
            reason: row.text(5)?,
            actor: row.id_or_null(6)?,
            object: row.id_or_null(7)?,
            object_type: row.text_or_null(8)?,
            method: row.text_or_null(9)?,
            path: row.text_or_null(10)?,
            names: Names::Erased(ERASED),
            period: row.int(11)?,
        };
        let sealed = row.bytes_or_null(12)?;
        Ok(Closed { kept, sealed })
    }

    fn clear(&self) -> Clear<'_> {
        Clear {
            id: self.id,
            first: self.first.micros(),
            last: self.last.micros(),
            times: self.times,
            kind: &self.kind,
            reason: &self.reason,
            actor: self.actor,
            object: self.object,
            object_type: self.object_type.as_deref(),
            method: self.method.as_deref(),
            path: self.path.as_deref(),
        }
    }
}

#[cfg(test)]
impl Kept {
    pub(in super::super) fn test(place: Below, names: Names) -> Self {
        Self {
            id: place.id,
            first: Timestamp::from_micros(place.micros),
            last: Timestamp::from_micros(place.micros),
            times: 1,
            kind: String::new(),
            reason: String::new(),
            actor: None,
            object: None,
            object_type: None,
            method: None,
            path: None,
            names,
            period: 0,
        }
    }
}

impl Refusals {
    /// Up to `limit` rows below a place whose last refusal was at `from` or later, newest first. Only the first condition that the filter has
    /// is one of the statement; it has an index. The caller checks the others, and then opens the boxes of the rows that fit.
    ///
    /// The refusals of a row are all of one minute. So the index finds where the rows end that may have a refusal at `from` or later.
    pub(in super::super) async fn below(
        &self,
        db: &mut dyn Read,
        filter: &Filter,
        (below, from): (Below, i64),
        limit: i64,
    ) -> Result<Vec<Closed>, LedgerError> {
        let column = match filter {
            Filter { actor: Some(_), .. } => "actor = $6 AND ",
            Filter { object: Some(_), .. } => "object = $6 AND ",
            // With the name in the text, Postgres knows how rare the kind is.
            Filter { kind: Some(kind), .. } => &format!("kind = '{}' AND ", kind.as_str()),
            _ => "",
        };
        let text = format!(
            "SELECT {} FROM refusals WHERE {column}(first_at, refusal_id) < ($1, $2) AND first_at >= $3 \
             AND last_at >= $4 ORDER BY first_at DESC, refusal_id DESC LIMIT $5",
            columns()
        );
        let first = from.saturating_sub(MINUTE);
        let select = sql(text)
            .bind(below.micros)
            .bind(below.id)
            .bind(first)
            .bind(from)
            .bind(limit);
        let select = match filter {
            Filter {
                actor: Some(actor), ..
            } => select.bind(actor.id()),
            Filter {
                object: Some(object), ..
            } => select.bind(*object),
            _ => select,
        };
        let rows = db.all(select).await?;
        rows.iter().map(Kept::read).collect()
    }

    /// Opens the boxes of rows. A box that does not open is no error: the auditor must see the row.
    pub(in super::super) async fn open(
        &self,
        db: &mut dyn Read,
        rows: Vec<Closed>,
    ) -> Result<Vec<Kept>, LedgerError> {
        let periods: BTreeSet<i64> = rows.iter().map(|row| row.kept.period).collect();
        let periods: Vec<i64> = periods.into_iter().collect();
        let mut keys = HashMap::new();
        for (period, wrapped) in period_keys(db, &periods).await? {
            let key = wrapped.map(|wrapped| self.sealer.unwrap_period_key(period, &wrapped));
            // Without the server's key, nothing opens.
            if let Some(Ok(key)) = key {
                keys.insert(period, key);
            }
        }
        let without_box = rows.iter().filter(|row| row.sealed.is_none());
        let erased = erased(db, &without_box.filter_map(|row| row.kept.actor).collect()).await?;
        let opened = rows.into_iter().map(|Closed { mut kept, sealed }| {
            kept.names = match (keys.get(&kept.period), sealed) {
                _ if kept.period != period_of(kept.first.micros()) => Names::Altered,
                (None, _) => Names::Erased(ERASED),
                (Some(key), Some(sealed)) => {
                    let opened = key.open(&sealed, &kept.clear().bound()).ok();
                    let personal = opened.and_then(|json| serde_json::from_slice::<Personal>(&json).ok());
                    personal.map_or(Names::Altered, Names::from)
                }
                // Only an erasure deletes the box while the key is there.
                (Some(_), None) => match kept.actor.is_some_and(|actor| erased.contains(&actor)) {
                    true => Names::Erased(ERASED),
                    false => Names::Altered,
                },
            };
            kept
        });
        Ok(opened.collect())
    }
}

impl From<Personal> for Names {
    fn from(personal: Personal) -> Self {
        let Personal {
            name,
            address,
            detail,
        } = personal;
        Self::Known {
            name,
            address,
            detail,
        }
    }
}
