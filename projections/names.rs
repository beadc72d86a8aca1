//! The names that users and roles have, for the rule that no two of them may be alike.

use std::fmt;

use aggregates::claim::Scope;

use crate::{
    role_directory,
    store::sql::{Boxed, Error, Read},
    user_directory,
};

/// How many names are read at once.
pub(crate) const PAGE: i64 = 4_096;

/// What a look-up of names reads.
pub(crate) type NamesRead<'a> = Boxed<'a, Result<Vec<Named>, Error>>;
/// What a look-up of a page of names reads; `None` if there is no such page.
pub(crate) type PageRead<'a> = Boxed<'a, Result<Option<Vec<Named>>, Error>>;

/// All names, by the scope in which they are claimed.
pub const NAMES: &[Names] = &[user_directory::NAMES, role_directory::NAMES];

/// The names in one read model.
pub struct Names {
    /// The scope in which the names are claimed.
    pub scope: &'static Scope,
    /// A page of the names in one of the read model's lists, those that were made after a position; `None` if there is no such list.
    pub(crate) page: for<'a> fn(&'a mut dyn Read, usize, i64) -> PageRead<'a>,
    /// The names of the owners with these ids.
    pub(crate) of: for<'a> fn(&'a mut dyn Read, Vec<String>) -> NamesRead<'a>,
}

/// A user or role, and its name.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    /// The id.
    pub id: String,
    /// The name; [`aggregates::sealing::ERASED`] if the person is erased.
    pub name: String,
    /// The position of the event that made the user or role.
    pub(crate) made_at: i64,
}

/// The name is left out: it may be personal.
impl fmt::Debug for Named {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Named")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// How far the names of a read model were read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    list: usize,
    after: i64,
}

impl Names {
    /// The next page of names; `None` after the last one.
    pub async fn next(&self, db: &mut dyn Read, place: &mut Place) -> Result<Option<Vec<Named>>, Error> {
        while let Some(page) = (self.page)(db, place.list, place.after).await? {
            if let Some(last) = page.last() {
                place.after = last.made_at;
                return Ok(Some(page));
            }
            *place = Place {
                list: place.list + 1,
                after: 0,
            };
        }
        Ok(None)
    }

    /// The names of the owners with these ids, in any order. The result leaves out unknown ids.
    pub fn of<'a>(&self, db: &'a mut dyn Read, ids: Vec<String>) -> Boxed<'a, Result<Vec<Named>, Error>> {
        (self.of)(db, ids)
    }
}
