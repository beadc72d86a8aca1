//! Pages of search results (AuthZEN Authorization API 1.0 section 8.2).
//!
//! A token names the last result of the previous page and the search that it belongs to. With another search it is
//! refused. So the server need not store anything, and a token never expires.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::properties::Skipped;
use server::Refusal;

/// How many results a page has, unless the caller asks for another number.
const USUAL: usize = 1_000;
/// The most results of a page.
const MOST: usize = 10_000;
/// How many bytes of a token identify its search.
const MARK: usize = 16;

/// Which page is asked for.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(example = json!({"limit": 100}))]
pub(crate) struct PageIn {
    /// The `next_token` of the page before.
    token: Option<String>,
    /// The most results, up to 10,000; 1,000 unless said. With 0, the answer only says whether there are results: then `next_token` is not
    /// empty.
    #[schema(minimum = 0, maximum = 10_000)]
    limit: Option<usize>,
    /// The properties in the request. No page depends on them.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    #[expect(dead_code, reason = "it is read so that a value of the wrong type is refused")]
    properties: Skipped,
}

/// Where a page stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PageOut {
    /// What to ask the next page with; empty if this is the last one.
    next_token: String,
    /// How many results this page has.
    count: usize,
}

impl PageOut {
    /// The same page with fewer results than were found, since some results cannot be shown any more.
    pub(crate) fn counting(self, count: usize) -> Self {
        Self { count, ..self }
    }
}

/// The page that the caller asks for, after parsing.
#[derive(Clone, Debug)]
pub(crate) struct Paging {
    /// The most results.
    pub limit: usize,
    /// The last result of the previous page. It is empty for the first page.
    pub after: Vec<u8>,
    mark: [u8; MARK],
}

impl PageIn {
    /// Parses the page that the caller asks for. `search` has the parts that identify the search.
    pub(crate) fn paging(&self, search: &[&str]) -> Result<Paging, Refusal> {
        let limit = self.limit.unwrap_or(USUAL);
        if limit > MOST {
            return Err(Refusal::invalid(format!("page.limit must be from 0 to {MOST}")));
        }
        let mark = mark(search);
        let after = match self.token.as_deref() {
            None | Some("") => Vec::new(),
            Some(token) => {
                let read = URL_SAFE_NO_PAD.decode(token).ok();
                read.and_then(|read| read.strip_prefix(&mark).map(<[u8]>::to_vec))
                    .ok_or_else(|| Refusal::invalid("page.token is not of this search"))?
            }
        };
        Ok(Paging { limit, after, mark })
    }
}

impl Paging {
    /// The last result of the previous page. `None` for the first page.
    pub(crate) fn after<T>(&self, read: impl FnOnce(&[u8]) -> Option<T>) -> Result<Option<T>, Refusal> {
        if self.after.is_empty() {
            return Ok(None);
        }
        let read = read(&self.after).ok_or_else(|| Refusal::invalid("page.token is not of this search"))?;
        Ok(Some(read))
    }

    /// Takes the results of the page plus one more, cuts the last one off, and describes the page. `key` gives the part
    /// of the token that names a result.
    pub(crate) fn cut<T>(&self, results: &mut Vec<T>, key: impl FnOnce(&T) -> Vec<u8>) -> PageOut {
        let more = results.len() > self.limit;
        results.truncate(self.limit);
        let next = match results.last() {
            _ if !more => None,
            Some(last) => Some(key(last)),
            // The page has no results, so the next page begins where this page began.
            None => Some(self.after.clone()),
        };
        self.ended(results.len(), next.as_deref())
    }

    /// Describes a page with so many results. `next` is the result that the token of the next page names, if there may
    /// be a next page.
    pub(crate) fn ended(&self, count: usize, next: Option<&[u8]>) -> PageOut {
        let token = |next: &[u8]| URL_SAFE_NO_PAD.encode([self.mark.as_slice(), next].concat());
        PageOut {
            next_token: next.map(token).unwrap_or_default(),
            count,
        }
    }
}

/// Identifies a search by its parts. Each part is preceded by its length, so that the parts stay distinct.
fn mark(search: &[&str]) -> [u8; MARK] {
    let mut digest = Sha256::new();
    for part in search {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let mut mark = [0; MARK];
    mark.iter_mut()
        .zip(digest.finalize())
        .for_each(|(byte, of_digest)| *byte = of_digest);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(token: Option<String>, limit: usize) -> PageIn {
        PageIn {
            token,
            limit: Some(limit),
            properties: Skipped,
        }
    }

    #[test]
    fn pages_follow_each_other_and_end() {
        let all = [1u8, 2, 3, 4, 5];
        let (mut token, mut seen) = (None, Vec::new());
        loop {
            let paging = page(token, 2).paging(&["search"]).unwrap();
            let after = paging.after(|bytes| bytes.first().copied()).unwrap().unwrap_or(0);
            let mut results: Vec<u8> = all.into_iter().filter(|one| *one > after).take(3).collect();
            let out = paging.cut(&mut results, |last| vec![*last]);
            seen.extend(results);
            if out.next_token.is_empty() {
                break;
            }
            token = Some(out.next_token);
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn a_token_of_another_search_is_refused() {
        let paging = page(None, 1).paging(&["a", "b"]).unwrap();
        let token = paging.cut(&mut vec![1, 2], |last| vec![*last]).next_token;
        for other in [vec!["ab"], vec!["a", "c"], vec!["a", "b", ""]] {
            assert!(page(Some(token.clone()), 1).paging(&other).is_err());
        }
        assert!(page(Some("nonsense".to_owned()), 1).paging(&["a", "b"]).is_err());
    }

    #[test]
    fn a_page_is_bounded() {
        assert!(page(None, MOST).paging(&[]).is_ok());
        assert!(page(None, MOST + 1).paging(&[]).is_err());
    }

    #[test]
    fn a_page_without_room_says_whether_there_are_results() {
        let paging = page(None, 0).paging(&["search"]).unwrap();
        let none = paging.cut(&mut Vec::<u8>::new(), |last| vec![*last]);
        assert_eq!((none.next_token.as_str(), none.count), ("", 0));
        let mut results = vec![1];
        let some = paging.cut(&mut results, |last| vec![*last]);
        assert_eq!((results.len(), some.count), (0, 0));
        // The next page begins where this one began.
        let next = page(Some(some.next_token), 1).paging(&["search"]).unwrap();
        assert_eq!(next.after(|bytes| bytes.first().copied()).unwrap(), None);
    }
}
