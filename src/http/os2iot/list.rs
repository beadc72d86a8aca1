//! What lists take and answer (contracts/os2iot.md section 4). `undefined` and `null` are what the portal sends for nothing.

use aggregates::values::Ordinal;
use projections::{Paged, Part, Sorting};
use serde::Serialize;
use server::{Query, Refusal};
use utoipa::ToSchema;

/// How many rows a list has if the request does not say.
const LIMIT: i64 = 100;
/// How many rows one answer has at most.
pub(crate) const MOST: i64 = 10_000;

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListOut<T> {
    /// The rows.
    pub(crate) data: Vec<T>,
    /// How many rows the whole list has.
    pub(crate) count: i64,
}

impl<T> ListOut<T> {
    /// The rows of a part, as they are shown.
    pub(crate) fn of<R>(paged: &Paged<R>, data: Vec<T>) -> Self {
        Self {
            data,
            count: paged.total,
        }
    }
}

/// The value of a parameter, unless it is a text that stands for nothing.
pub(crate) fn given<'a>(query: &'a Query, name: &'a str) -> Result<Option<&'a str>, Refusal> {
    Ok(query
        .one(name)?
        .filter(|text| !matches!(*text, "" | "undefined" | "null")))
}

/// The number of a thing.
pub(crate) fn ordinal(query: &Query, name: &str) -> Result<Option<Ordinal>, Refusal> {
    given(query, name)?
        .map(|text| {
            let number = text.parse().ok().and_then(Ordinal::new);
            number.ok_or_else(|| Refusal::invalid(format!("{name} must be a number")))
        })
        .transpose()
}

/// The part of a list that a request asks for. `limit=null` asks for as much as one answer has.
pub(crate) fn part(query: &Query) -> Result<Part, Refusal> {
    let number = |name: &str| {
        given(query, name)?
            .map(|text| {
                let number = text.parse::<i64>().ok().filter(|number| *number >= 0);
                number.ok_or_else(|| Refusal::invalid(format!("{name} must be a whole number, 0 or more")))
            })
            .transpose()
    };
    let all = query.one("limit")? == Some("null");
    let limit = number("limit")?.unwrap_or(if all { MOST } else { LIMIT });
    Ok(Part {
        offset: number("offset")?.unwrap_or(0),
        limit: limit.min(MOST),
    })
}

/// By what a list is sorted. An unknown name is the number of the row, and any direction but `DESC` ascends.
pub(crate) fn sorting<S: Copy>(
    query: &Query,
    known: &[(&str, S)],
    otherwise: S,
) -> Result<Sorting<S>, Refusal> {
    let by = given(query, "orderOn")?;
    let found = known.iter().find(|(name, _)| Some(*name) == by);
    let descending = given(query, "sort")?.is_some_and(|sort| sort.eq_ignore_ascii_case("DESC"));
    Ok(Sorting {
        by: found.map_or(otherwise, |(_, sort)| *sort),
        descending,
    })
}

/// The number in a path.
pub(crate) fn numeric(text: &str) -> Result<Ordinal, Refusal> {
    let number = text.parse::<i64>().map_err(|_| {
        Refusal::new(
            server::RefusalKind::Invalid,
            crate::refuse::NOT_NUMERIC,
            "the id must be a number",
        )
    })?;
    // No thing has such a number.
    Ordinal::new(number).ok_or_else(|| Refusal::not_found("thing"))
}
