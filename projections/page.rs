//! Pages of lists, numbered from 1 as in the published APIs.

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The number of the page, from 1.
    pub number: i64,
    /// How many rows a full page has, from 1 to 100.
    pub rows: i64,
}

impl Page {
    /// How many rows come before this page. Page numbers out of range count as the nearest valid number.
    pub fn skipped(&self) -> i64 {
        self.number.max(1).saturating_sub(1).saturating_mul(self.limit())
    }

    /// How many rows this page has at most.
    pub fn limit(&self) -> i64 {
        self.rows.clamp(1, 100)
    }

    /// This page of a list in memory.
    pub fn of<T>(&self, list: Vec<T>) -> Paged<T> {
        Part::from(self).of(list)
    }
}

/// A part of a list: the rows after the first `offset`, at most `limit`. The caller limits how many rows may be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// How many rows come before the part.
    pub offset: i64,
    /// How many rows the part has at most.
    pub limit: i64,
}

impl From<&Page> for Part {
    fn from(page: &Page) -> Self {
        Self {
            offset: page.skipped(),
            limit: page.limit(),
        }
    }
}

impl Part {
    /// This part of a list in memory.
    pub fn of<T>(&self, list: Vec<T>) -> Paged<T> {
        let total = i64::try_from(list.len()).unwrap_or(i64::MAX);
        let offset = usize::try_from(self.offset.max(0)).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit.max(0)).unwrap_or(usize::MAX);
        Paged {
            rows: list.into_iter().skip(offset).take(limit).collect(),
            total,
        }
    }
}

/// By what a list is sorted. Rows that are equal in it are in the order of their creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorting<By> {
    /// What is compared.
    pub by: By,
    /// Whether the greatest comes first. Then the newest of equal rows comes first, too.
    pub descending: bool,
}

/// The rows of one page, and the length of the whole list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paged<T> {
    /// The rows of this page; empty past the end of the list.
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
