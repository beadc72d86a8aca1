//! Where resources are: which resources each of them belongs to. Fed by the events of their own streams.

use std::sync::Arc;

use papaya::HashMap;
use seize::{Collector, LocalGuard};

use crate::Authorization;

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    /// Its type.
    pub resource_type: &'static str,
    /// Its id, unique within the type.
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

/// The resources that another one belongs to.
pub type Parents = Arc<[ResourceId]>;

/// Where resources are at one position of the ledger.
pub trait Places {
    /// The resources that a resource belongs to; `None` if there is no such resource.
    fn parents(&self, resource: &ResourceId) -> Option<Parents>;
}

/// Knows no resource: for types whose ids are names.
pub(crate) struct Unplaced;

impl Places for Unplaced {
    fn parents(&self, _: &ResourceId) -> Option<Parents> {
        None
    }
}

/// All resources that are somewhere. Hashed with a key, since strangers choose ids.
pub(crate) struct Directory(HashMap<ResourceId, Parents>);

impl Directory {
    /// An empty one, whose memory is freed by this collector.
    pub(crate) fn new(collector: Arc<Collector>) -> Self {
        Self(HashMap::builder().shared_collector(collector).build())
    }

    /// A resource is in these others from now on.
    pub(crate) fn place(&self, resource: ResourceId, parents: Vec<ResourceId>, guard: &LocalGuard<'_>) {
        self.0.insert(resource, parents.into(), guard);
    }

    /// A resource is gone.
    pub(crate) fn remove(&self, resource: &ResourceId, guard: &LocalGuard<'_>) {
        self.0.remove(resource, guard);
    }

    /// The ids of all resources of a type, in order: those after `after`.
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
    fn parents(&self, resource: &ResourceId) -> Option<Parents> {
        self.directory.0.get(resource, self.guard).cloned()
    }
}

impl Authorization {
    /// Where resources are. For within [`Authorization::settled`], if other entries are read, too.
    pub(crate) fn places<'g>(&'g self, guard: &'g LocalGuard<'g>) -> Seen<'g> {
        Seen {
            directory: &self.directory,
            guard,
        }
    }
}
