//! What the model keeps of organisations, groups, applications, API keys and accounts.

use std::collections::{BTreeMap, BTreeSet};

use aggregates::values::{
    AccountId, ApiKeyId, ApplicationId, GroupId, KeyDigest, Ordinal, OrganisationId, UserId,
};
use projections::{
    Paged, Part as Slice, Sorting,
    accounts::AccountRow,
    api_keys::ApiKeyRow,
    applications::ApplicationRow,
    authors,
    groups::GroupRow,
    ordinals::{self, Numbered},
    organisations::OrganisationRow,
};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseError};

use crate::world::{World, user_id};

/// Each list is in the order of creation.
#[derive(Clone, Debug, Default)]
pub(crate) struct ModelNumbered {
    pub(super) organisations: Vec<OrganisationRow>,
    pub(super) groups: Vec<ModelGroup>,
    pub(super) applications: Vec<ApplicationRow>,
    pub(super) keys: Vec<ModelKey>,
    pub(super) accounts: Vec<ModelAccount>,
    /// The number of each user and of each API key, even if there is no more such account or key.
    pub(super) authors: BTreeMap<UserId, AccountId>,
    /// The highest number of each kind.
    pub(super) last: BTreeMap<Numbered, i64>,
}

#[derive(Clone, Debug)]
pub(super) struct ModelGroup {
    pub(super) row: GroupRow,
    pub(super) applications: BTreeSet<ApplicationId>,
}

#[derive(Clone, Debug)]
pub(super) struct ModelKey {
    pub(super) row: ApiKeyRow,
    pub(super) groups: BTreeSet<GroupId>,
    pub(super) organisations: Vec<OrganisationId>,
}

#[derive(Clone, Debug)]
pub(super) struct ModelAccount {
    pub(super) row: AccountRow,
    pub(super) groups: BTreeSet<GroupId>,
    pub(super) organisations: Vec<OrganisationId>,
    pub(super) requests: BTreeSet<OrganisationId>,
}

impl ModelNumbered {
    /// Remembers a number.
    pub(super) fn uses(&mut self, kind: Numbered, number: Ordinal) {
        let last = self.last.entry(kind).or_default();
        *last = (*last).max(i64::from(number.get()));
    }

    /// The subjects of the applications about which there are personal texts.
    pub(crate) fn described(&self) -> impl Iterator<Item = String> {
        let described = self
            .applications
            .iter()
            .filter(|row| row.details.description.is_some());
        described.map(|row| row.id.to_string())
    }
}

pub(super) fn number(n: u32) -> Ordinal {
    Ordinal::new(i64::from(n)).expect("a number")
}

pub(super) fn organisation(n: u32) -> OrganisationId {
    OrganisationId::of(number(n))
}

pub(crate) fn group(n: u32) -> GroupId {
    GroupId::of(number(n))
}

pub(super) fn application(n: u32) -> ApplicationId {
    ApplicationId::of(number(n))
}

pub(crate) fn api_key(n: u32) -> ApiKeyId {
    ApiKeyId::of(number(n))
}

pub(super) fn account(n: u32) -> AccountId {
    AccountId::of(number(n))
}

/// The digest of a key.
pub(crate) fn digest(n: u32) -> KeyDigest {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    KeyDigest::new(bytes)
}

/// One of these, if there is one.
pub(super) fn one<'a, T>(list: &'a [T], index: &Index) -> Option<&'a T> {
    (!list.is_empty()).then(|| index.get(list))
}

/// Parts of lists: the first, one in the middle, the last, one past the end, and everything.
pub(super) const SLICES: [Slice; 5] = [
    Slice { offset: 0, limit: 2 },
    Slice { offset: 1, limit: 3 },
    Slice { offset: 4, limit: 4 },
    Slice {
        offset: 500,
        limit: 2,
    },
    Slice {
        offset: 0,
        limit: 1_000,
    },
];

/// Both directions of these sorts.
pub(super) fn sortings<By: Copy>(by: &[By]) -> Vec<Sorting<By>> {
    let both = |by: &By| [false, true].map(|descending| Sorting { by: *by, descending });
    by.iter().flat_map(both).collect()
}

/// The part of a list that is in the order of creation, sorted by a key.
pub(super) fn sorted<T: Clone, K: Ord>(
    mut rows: Vec<T>,
    descending: bool,
    key: impl Fn(&T) -> K,
    slice: &Slice,
) -> Paged<T> {
    rows.sort_by_key(key);
    if descending {
        rows.reverse();
    }
    slice.of(rows)
}

/// What has no value comes last.
pub(super) fn last<T>(value: Option<T>) -> (bool, Option<T>) {
    (value.is_none(), value)
}

/// Compares the next numbers, and those of authors.
pub(super) async fn agree(world: &World, model: &ModelNumbered) -> Result<(), TestCaseError> {
    for kind in Numbered::ALL {
        let next = ordinals::next(&world.db, kind).await.expect("a number");
        let last = model.last.get(&kind).copied().unwrap_or(0);
        prop_assert_eq!(next, Ordinal::new(last + 1), "{:?}", kind);
    }
    let everybody = model.authors.keys().copied().chain([user_id(9_999)]);
    let numbers = authors::numbers_of(&world.db, everybody).await;
    prop_assert_eq!(&numbers.expect("numbers"), &model.authors);
    let numbers = authors::numbers_of(&world.db, []).await.expect("numbers");
    prop_assert!(numbers.is_empty());
    Ok(())
}
