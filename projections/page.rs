//! Pages of lists: numbered from 1, as the published APIs number them.

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From 1.
    pub number: i64,
    /// Rows of a full page, 1 to 100.
    pub rows: i64,
}

impl Page {
    /// How many rows come before this page. Numbers out of range are brought into it.
    pub fn skipped(&self) -> i64 {
        self.number.max(1).saturating_sub(1).saturating_mul(self.limit())
    }

    /// How many rows this page has at most.
    pub fn limit(&self) -> i64 {
        self.rows.clamp(1, 100)
    }

    /// This page of a list that is already in memory.
    pub fn of<T>(&self, list: Vec<T>) -> Paged<T> {
        let total = i64::try_from(list.len()).unwrap_or(i64::MAX);
        let skipped = usize::try_from(self.skipped()).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        Paged {
            rows: list.into_iter().skip(skipped).take(limit).collect(),
            total,
        }
    }
}

/// One page's rows, and how many rows the whole list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paged<T> {
    /// The rows of this page; no row past the end of the list.
    pub rows: Vec<T>,
    /// How many rows all pages have together.
    pub total: i64,
}

impl<T> Paged<T> {
    /// The same page with other rows.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Paged<U> {
        Paged {
            rows: self.rows.into_iter().map(change).collect(),
            total: self.total,
        }
    }
}
