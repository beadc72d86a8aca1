//! Queries about what roles gave. All of them are about positions that the ledger has passed, and what was then never changes. So they
//! need no transaction, and may run while others append.
//!
//! A condition on several roles would read all their rows. So each role has a part of the statement, with a limit of its own.

use std::collections::BTreeMap;

use aggregates::values::{Context, Operation, Permission, PermissionId, RoleId, TopicFilter};
use authorization::past::Span;

use super::record::LIVE;
use crate::store::{
    Column, select_in,
    sql::{Argument, Boxed, Db, Error, Row, sql},
};

/// About how many roles one statement asks.
pub const ROLES_AT_ONCE: usize = 16;

/// From when until when there was a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// The role.
    pub role: RoleId,
    /// The position of the event that created it.
    pub created: i64,
    /// The position of the event that deleted it.
    pub deleted: Option<i64>,
}

/// A time of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// The role.
    pub role: RoleId,
    /// The time begins after the event at this position.
    pub after: i64,
    /// The position of the last event of the time.
    pub until: i64,
}

/// What the events of a time gave to a role, and took from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Touched {
    /// What they gave, in order.
    pub begun: Vec<Span>,
    /// What they took, in order, each with the position of the event.
    pub ended: Vec<(i64, Span)>,
}

/// From when until when there were these roles. The result leaves out unknown ids.
pub fn lives<'a>(db: &'a Db, roles: &'a [RoleId]) -> Boxed<'a, Result<Vec<Life>, Error>> {
    Box::pin(async move {
        let before =
            "SELECT role_id, MIN(from_position), MAX(until_position) FROM role_spans WHERE role_id IN";
        let rows = select_in(&mut &*db, before, roles, "GROUP BY role_id", &[]).await?;
        let life = |row: &Row| {
            Ok(Life {
                role: RoleId::read(row, 0)?,
                created: row.int(1)?,
                deleted: Some(row.int(2)?).filter(|until| *until != LIVE),
            })
        };
        rows.iter().map(life).collect()
    })
}

/// The positions of the events that gave these roles the names that they had after `from`, at `to` or in between.
pub fn names<'a>(
    db: &'a Db,
    roles: &'a [RoleId],
    (from, to): (i64, i64),
) -> Boxed<'a, Result<BTreeMap<RoleId, Vec<i64>>, Error>> {
    Box::pin(async move {
        let before = "SELECT role_id, from_position FROM role_spans \
                      WHERE until_position > $1 AND from_position <= $2 AND role_id IN";
        let fixed = [from.into(), to.into()];
        let mut names: BTreeMap<RoleId, Vec<i64>> = BTreeMap::new();
        for row in select_in(&mut &*db, before, roles, "ORDER BY from_position", &fixed).await? {
            names.entry(RoleId::read(&row, 0)?).or_default().push(row.int(1)?);
        }
        Ok(names)
    })
}

/// How many permissions each role gave right after a position.
pub fn counts<'a>(db: &'a Db, moments: &'a [(RoleId, i64)]) -> Boxed<'a, Result<Vec<i64>, Error>> {
    Box::pin(async move {
        let last = |column: &str, position: &str, first: usize| {
            format!(
                "COALESCE((SELECT {column} FROM permission_spans WHERE role_id = ${first} AND {position} <= ${} \
                 ORDER BY {position} DESC LIMIT 1), 0)",
                first + 1
            )
        };
        let part = |first: usize| {
            let (begun, ended) = (
                last("begun", "from_position", first),
                last("ended", "until_position", first),
            );
            format!("{begun} - {ended}")
        };
        let mut counts = Vec::with_capacity(moments.len());
        for (_, row) in parts(db, moments, |(role, at)| vec![role.into(), at.into()], part).await? {
            counts.push(row.int(1)?);
        }
        Ok(counts)
    })
}

/// What each role gave right after a position, in the order in which it was given: at most `limit` permissions.
pub fn first_given<'a>(
    db: &'a Db,
    moments: &'a [(RoleId, i64)],
    limit: usize,
) -> Boxed<'a, Result<Vec<Vec<Span>>, Error>> {
    Box::pin(async move {
        let limit = limit_of(limit);
        let part = |first: usize| {
            let (at, limit) = (first + 1, first + 2);
            format!(
                "{SPAN} FROM permission_spans WHERE role_id = ${first} AND from_position <= ${at} \
                 AND until_position > ${at} ORDER BY from_position LIMIT ${limit}"
            )
        };
        let arguments = |(role, at): (RoleId, i64)| vec![role.into(), at.into(), limit.into()];
        let mut given = vec![Vec::new(); moments.len()];
        for (place, row) in parts(db, moments, arguments, part).await? {
            put(&mut given, place, span(&row)?);
        }
        Ok(given)
    })
}

/// What the events of these times gave to the roles, and took from them: at most the first `limit` of each.
pub fn touched<'a>(db: &'a Db, times: &'a [Time], limit: usize) -> Boxed<'a, Result<Vec<Touched>, Error>> {
    Box::pin(async move {
        let limit = limit_of(limit);
        let part = |position: &'static str| {
            move |first: usize| {
                let (after, until, limit) = (first + 1, first + 2, first + 3);
                format!(
                    "{SPAN} FROM permission_spans WHERE role_id = ${first} AND {position} > ${after} \
                     AND {position} <= ${until} ORDER BY {position} LIMIT ${limit}"
                )
            }
        };
        let arguments = |time: Time| {
            vec![
                time.role.into(),
                time.after.into(),
                time.until.into(),
                limit.into(),
            ]
        };
        let mut found = vec![Touched::default(); times.len()];
        for (place, row) in parts(db, times, arguments, part("from_position")).await? {
            if let Some(touched) = found.get_mut(place) {
                touched.begun.push(span(&row)?);
            }
        }
        for (place, row) in parts(db, times, arguments, part("until_position")).await? {
            if let Some(touched) = found.get_mut(place) {
                touched.ended.push((row.int(6)?, span(&row)?));
            }
        }
        Ok(found)
    })
}

/// The columns of a span, after the number of its part, and its end.
const SPAN: &str = "permission_id, resource, operation, context, from_position, until_position";

fn span(row: &Row) -> Result<Span, Error> {
    Ok(Span {
        permission: Permission {
            id: PermissionId::read(row, 1)?,
            resource: TopicFilter::read(row, 2)?,
            operation: Operation::read(row, 3)?,
            context: Context::read(row, 4)?,
        },
        since: row.int(5)?,
    })
}

fn put(given: &mut [Vec<Span>], place: usize, span: Span) {
    if let Some(given) = given.get_mut(place) {
        given.push(span);
    }
}

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The rows of `SELECT` with a part for each of these, which `part` writes from the number of its first placeholder. Each row comes with
/// the place of its part, and has the number of its part before its columns. The rows of a part are in its order.
async fn parts<T: Copy>(
    db: &Db,
    of: &[T],
    arguments: impl Fn(T) -> Vec<Argument<'static>>,
    part: impl Fn(usize) -> String,
) -> Result<Vec<(usize, Row)>, Error> {
    let mut found = Vec::new();
    for (chunk_number, chunk) in of.chunks(ROLES_AT_ONCE).enumerate() {
        let (mut texts, mut values) = (Vec::new(), Vec::new());
        for (number, one) in chunk.iter().enumerate() {
            let select = part(values.len() + 1);
            texts.push(format!(
                "SELECT * FROM (SELECT CAST({number} AS BIGINT) AS part, {select}) AS part_{number}"
            ));
            values.extend(arguments(*one));
        }
        for row in db.all(sql(texts.join(" UNION ALL ")).bind_all(values)).await? {
            let number = usize::try_from(row.int(0)?).unwrap_or_default();
            found.push((chunk_number * ROLES_AT_ONCE + number, row));
        }
    }
    // The sort keeps the order within a part.
    found.sort_by_key(|(place, _)| *place);
    Ok(found)
}
