//! Paging as in the connectware face (contracts/connectware.md section 1, "Pagination").

use projections::{Page, Paged};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{query::Query, refusal::Refusal};

/// The most rows of a page. A page has this many rows unless the caller asks for fewer.
const MOST_ROWS: i64 = 100;

/// Where a page stands in its list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"totalPages": 3, "totalRows": 25, "totalRowsInPage": 10, "currentPage": 1, "nextPage": 2, "rowsPerPage": 10}))]
pub struct Pagination {
    total_pages: i64,
    total_rows: i64,
    total_rows_in_page: i64,
    current_page: i64,
    /// `null` on the last page and past it.
    next_page: Option<i64>,
    rows_per_page: i64,
}

/// The page that a query asks for: `pageNumber` from 1, `rowsPerPage` from 1 to 100.
pub fn page_of(query: &Query) -> Result<Page, Refusal> {
    let number = query.int("pageNumber")?.unwrap_or(1);
    let rows = query.int("rowsPerPage")?.unwrap_or(MOST_ROWS);
    if number < 1 {
        return Err(Refusal::invalid("pageNumber must be at least 1"));
    }
    if !(1..=MOST_ROWS).contains(&rows) {
        return Err(Refusal::invalid(format!(
            "rowsPerPage must be from 1 to {MOST_ROWS}"
        )));
    }
    Ok(Page { number, rows })
}

impl Pagination {
    /// The pagination of a page that was read.
    pub fn of<T>(page: &Page, read: &Paged<T>) -> Self {
        let total_pages = (read.total + page.rows - 1) / page.rows;
        Self {
            total_pages,
            total_rows: read.total,
            total_rows_in_page: i64::try_from(read.rows.len()).unwrap_or(i64::MAX),
            current_page: page.number,
            next_page: (page.number < total_pages).then(|| page.number + 1),
            rows_per_page: page.rows,
        }
    }
}
