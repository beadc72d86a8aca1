//! The directory: which other resources each resource belongs to. The events of the resources' own streams feed it.

mod homes;
mod ids;

use std::sync::Arc;

use aggregates::values::Ordinal;
use papaya::{Equivalent, HashMap};
use seize::{Collector, LocalGuard};

use crate::{Authorization, vocabularies::Model};
use homes::Homes;
use ids::OrderedIds;

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

    /// The number, if the id is one as answers write it.
    fn number(&self) -> Option<Ordinal> {
        number(&self.id)
    }
}

/// Reads a number as answers write it: without a sign, zeros before it, or white space.
pub(crate) fn number(text: &str) -> Option<Ordinal> {
    let is_plain = text.starts_with(|first: char| first.is_ascii_digit() && first != '0');
    let number = is_plain.then(|| text.parse().ok())??;
    Ordinal::new(number)
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

    /// The only resource to which a resource belongs, if both have numbers, and the parent is of the type that
    /// [`ResourceType::home`](crate::ResourceType::home) says. `None` says nothing: ask for all parents then.
    fn home(&self, _resource_type: &str, _number: Ordinal) -> Option<u32> {
        None
    }
}

/// A directory without resources, for resource types whose ids are names.
pub(crate) struct Unplaced;

impl Places for Unplaced {
    fn parents(&self, _: &str, _: &str) -> Option<&[ResourceId]> {
        None
    }
}

/// All resources with the resources to which they belong.
pub(crate) struct Directory {
    /// Hashes with a key, since strangers choose ids.
    all: HashMap<ResourceId, Box<[ResourceId]>>,
    ids: OrderedIds,
    numbered: Box<[Numbered]>,
}

/// The resources of one type that have numbers and a single home.
struct Numbered {
    resource_type: &'static str,
    parent_type: &'static str,
    homes: Homes,
}

impl Directory {
    /// An empty directory for the resource types of a model; this collector frees its memory.
    pub(crate) fn new(model: &Model, collector: Arc<Collector>) -> Self {
        let numbered = model.resources.iter().filter_map(|one| {
            Some(Numbered {
                resource_type: one.name(),
                parent_type: one.home()?,
                homes: Homes::default(),
            })
        });
        Self {
            all: HashMap::builder().shared_collector(collector).build(),
            ids: OrderedIds::default(),
            numbered: numbered.collect(),
        }
    }

    /// Records that a resource belongs to `parents` from now on.
    pub(crate) fn place(&self, resource: ResourceId, parents: Vec<ResourceId>, guard: &LocalGuard<'_>) {
        let home = self.numbered(resource.resource_type).and_then(|numbered| {
            let only = match parents.as_slice() {
                [only] if only.resource_type == numbered.parent_type => only.number(),
                _ => None,
            };
            Some((&numbered.homes, resource.number()?, only))
        });
        self.ids.add(resource.resource_type, &resource.id);
        self.all.insert(resource, parents.into(), guard);
        if let Some((homes, number, only)) = home {
            homes.set(number.get(), only.map(Ordinal::get));
        }
    }

    /// Forgets a resource that no longer exists.
    pub(crate) fn remove(&self, resource: &ResourceId, guard: &LocalGuard<'_>) {
        self.ids.remove(resource.resource_type, &resource.id);
        self.all.remove(resource, guard);
        if let (Some(numbered), Some(number)) = (self.numbered(resource.resource_type), resource.number()) {
            numbered.homes.set(number.get(), None);
        }
    }

    #[inline]
    fn numbered(&self, resource_type: &str) -> Option<&Numbered> {
        self.numbered
            .iter()
            .find(|numbered| numbered.resource_type == resource_type)
    }

    /// The ids of the resources of a type that come after `after`, in order. It reads them while the caller takes them: resources that are
    /// placed or removed meanwhile are among them or not.
    pub(crate) fn ids(&self, resource_type: &str, after: Option<&str>) -> impl Iterator<Item = Box<str>> {
        self.ids.after(resource_type, after)
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
        self.directory
            .all
            .get(&named, self.guard)
            .map(|parents| &**parents)
    }

    #[inline]
    fn home(&self, resource_type: &str, number: Ordinal) -> Option<u32> {
        self.directory.numbered(resource_type)?.homes.get(number.get())
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
