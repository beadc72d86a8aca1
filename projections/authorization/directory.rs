//! The directory: which other resources each resource belongs to. The events of the resources' own streams feed it.

use std::sync::Arc;

use papaya::{Equivalent, HashMap};
use seize::{Collector, LocalGuard};

use crate::Authorization;

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    /// The type of the resource.
    pub resource_type: &'static str,
    /// The id, unique within the type.
    pub id: Box<str>,
}

impl ResourceId {
    /// Names a resource.
    pub fn new(resource_type: &'static str, id: &str) -> Self {
        Self {
            resource_type,
            id: id.into(),
        }
    }
}

/// The name of a resource, to look it up. It hashes like a [`ResourceId`]: field by field.
#[derive(Hash)]
struct Named<'a> {
    resource_type: &'a str,
    id: &'a str,
}

impl Equivalent<ResourceId> for Named<'_> {
    fn equivalent(&self, other: &ResourceId) -> bool {
        self.id == &*other.id && self.resource_type == other.resource_type
    }
}

/// The directory at one position of the ledger.
pub trait Places {
    /// The resources to which a resource belongs; `None` if the resource does not exist.
    fn parents(&self, resource_type: &str, id: &str) -> Option<&[ResourceId]>;
}

/// A directory without resources, for resource types whose ids are names.
pub(crate) struct Unplaced;

impl Places for Unplaced {
    fn parents(&self, _: &str, _: &str) -> Option<&[ResourceId]> {
        None
    }
}

/// All resources with the resources to which they belong. The map hashes with a key, since strangers choose ids.
pub(crate) struct Directory(HashMap<ResourceId, Box<[ResourceId]>>);

impl Directory {
    /// An empty directory; this collector frees its memory.
    pub(crate) fn new(collector: Arc<Collector>) -> Self {
        Self(HashMap::builder().shared_collector(collector).build())
    }

    /// Records that a resource belongs to `parents` from now on.
    pub(crate) fn place(&self, resource: ResourceId, parents: Vec<ResourceId>, guard: &LocalGuard<'_>) {
        self.0.insert(resource, parents.into(), guard);
    }

    /// Forgets a resource that no longer exists.
    pub(crate) fn remove(&self, resource: &ResourceId, guard: &LocalGuard<'_>) {
        self.0.remove(resource, guard);
    }

    /// The ids of all resources of a type that come after `after`, in order.
    pub(crate) fn ids(
        &self,
        resource_type: &str,
        after: Option<&str>,
        guard: &LocalGuard<'_>,
    ) -> Vec<Box<str>> {
        let of_type = self.0.iter(guard).map(|(resource, _)| resource);
        let of_type = of_type.filter(|resource| resource.resource_type == resource_type);
        let mut ids: Vec<Box<str>> = of_type
            .filter(|resource| after.is_none_or(|after| *resource.id > *after))
            .map(|resource| resource.id.clone())
            .collect();
        ids.sort_unstable();
        ids
    }
}

/// The directory as a reader sees it under a guard.
pub(crate) struct Seen<'g> {
    directory: &'g Directory,
    guard: &'g LocalGuard<'g>,
}

impl Places for Seen<'_> {
    fn parents(&self, resource_type: &str, id: &str) -> Option<&[ResourceId]> {
        let named = Named { resource_type, id };
        self.directory.0.get(&named, self.guard).map(|parents| &**parents)
    }
}

impl Authorization {
    /// The directory. Use it within [`Authorization::settled`] if you read other entries, too.
    pub(crate) fn places<'g>(&'g self, guard: &'g LocalGuard<'g>) -> Seen<'g> {
        Seen {
            directory: &self.directory,
            guard,
        }
    }
}
